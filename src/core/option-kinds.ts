/**
 * The kinds of values that options take: how help calls them, how a text becomes a value and a value a text, and which
 * values a record may have.
 */
import { isFilled, isNatural, isObject, isPositive, isSeconds } from './checks.ts'
import { formatExactDuration, parseDuration } from './duration.ts'
import { errors } from './errors.ts'
import { type Backoff, isClockTime, parseBackoff, parseClockTime } from './loop/times.ts'
import { comparableText } from './loop/until-output.ts'
import { printable } from './printable.ts'
import { formatExactSize, parseSize } from './size.ts'

export type OptionKind<Value> = {
  /** What stands behind the option in help, as `D|off`; `null` for a flag. The words of it, as `off`, are completed. */
  readonly label: string | null
  /** May be given several times; each adds to the value. */
  readonly isList: boolean
  /**
   * @param texts what was given, in order; `['']` for a flag, `[]` for one that is switched off
   * @param option as messages name it, as `--delay`
   * @throws LockError `usage` naming the option
   */
  readonly parse: (texts: readonly string[], option: string) => Value
  /** The text that is parsed to the same value. */
  readonly format: (value: Value) => string
  /** Of a value from a record. */
  readonly isValid: (value: unknown) => boolean
}

const isText = (value: unknown): value is string => isFilled(value) && !value.includes('\0')

type ParseText<Value> = (text: string, option: string) => Value

/** Of several the last one counts. */
const single = <Value>(
  label: string,
  parse: ParseText<Value>,
  rest: Pick<OptionKind<Value>, 'format' | 'isValid'>,
): OptionKind<Value> => ({
  label,
  isList: false,
  parse: (texts, option) => parse(texts.at(-1) ?? '', option),
  ...rest,
})

/** A whole number. @throws LockError `usage` naming the option */
export const parseWholeNumber = (text: string, option: string, min: 0 | 1): number => {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : -1
  if (number >= min) return number
  const range = min === 1 ? ' above 0' : ''
  throw errors.usage(`${option} takes a whole number${range}, not ${JSON.stringify(printable(text))}`)
}

const parsePositiveDuration: ParseText<number> = (text, option) => {
  const seconds = parseDuration(text, option)
  if (seconds === 0) throw errors.usage(`${option} must be longer than 0`)
  return seconds
}

/** Seconds, from 0 on. */
export const DURATION = single('D', parseDuration, { format: formatExactDuration, isValid: isSeconds })

/** Seconds, above 0. */
export const INTERVAL = single('D', parsePositiveDuration, {
  format: formatExactDuration,
  isValid: isPositive,
})

/** Seconds, above 0; `null` for `off`. */
export const INTERVAL_OR_OFF = single<number | null>(
  'D|off',
  (text, option) => (text === 'off' ? null : parsePositiveDuration(text, option)),
  {
    format: (seconds) => (seconds === null ? 'off' : formatExactDuration(seconds)),
    isValid: (value) => value === null || isPositive(value),
  },
)

/** From 1 on. */
export const COUNT = single('N', (text, option) => parseWholeNumber(text, option, 1), {
  format: String,
  isValid: isNatural,
})

const countOr =
  (word: string): ParseText<number | null> =>
  (given, option) => {
    if (given === word) return null
    if (/^\d{1,15}$/.test(given) && Number(given) > 0) return Number(given)
    throw errors.usage(
      `${option} takes a whole number above 0, or ${word}, not ${JSON.stringify(printable(given))}`,
    )
  }

const countOrKind = (word: string): OptionKind<number | null> =>
  single<number | null>(`N|${word}`, countOr(word), {
    format: (count) => (count === null ? word : String(count)),
    isValid: (value) => value === null || isNatural(value),
  })

/** From 1 on; `null` for `inf`. */
export const COUNT_OR_INF = countOrKind('inf')

/** From 1 on; `null` for `off`. */
export const COUNT_OR_OFF = countOrKind('off')

/** `HH:MM`; `null` for `off`. */
export const CLOCK_TIME_OR_OFF = single<string | null>(
  'HH:MM|off',
  (given, option) => (given === 'off' ? null : parseClockTime(given, option)),
  {
    format: (time) => time ?? 'off',
    isValid: (value) => value === null || (isText(value) && isClockTime(value)),
  },
)

/** See core/loop/backoff.ts; `null` for `off`. */
export const BACKOFF_OR_OFF = single<Backoff | null>(
  'D..MAX|off',
  (given, option) => (given === 'off' ? null : parseBackoff(given, option)),
  {
    format: (backoff) =>
      backoff === null ? 'off' : `${formatExactDuration(backoff.from)}..${formatExactDuration(backoff.to)}`,
    isValid: (value) =>
      value === null ||
      (isObject(value) && isPositive(value.from) && isPositive(value.to) && value.to >= value.from),
  },
)

/** Bytes, above 0. */
export const SIZE = single('SIZE', parseSize, { format: formatExactSize, isValid: isPositive })

/** Bytes, above 0; `null` for `off`. */
export const SIZE_OR_OFF = single<number | null>(
  'SIZE|off',
  (given, option) => (given === 'off' ? null : parseSize(given, option)),
  {
    format: (bytes) => (bytes === null ? 'off' : formatExactSize(bytes)),
    isValid: (value) => value === null || isPositive(value),
  },
)

const textKind = (label: string, parse: ParseText<string>): OptionKind<string | null> =>
  // An empty text takes back what an unfinished run has.
  single<string | null>(label, (given, option) => (given === '' ? null : parse(given, option)), {
    format: (value) => value ?? '',
    isValid: (value) => value === null || isText(value),
  })

/** Any text, as a command; `null` for none. */
export const text = (label: string): OptionKind<string | null> => textKind(label, (given) => given)

/** A line of output; `null` for none. */
export const OUTPUT_LINE = textKind('TEXT', (given, option) => {
  if (comparableText(given) !== '' && !given.includes('\n')) return given
  throw errors.usage(`${option} takes one line with a text, not ${JSON.stringify(printable(given))}`)
})

/** One of a few words. */
export const choice = <Word extends string>(words: readonly [Word, ...Word[]]): OptionKind<Word> => {
  const wordIn = (value: unknown): Word | undefined => words.find((word) => word === value)
  return single<Word>(
    words.join('|'),
    (given, option) => {
      const word = wordIn(given)
      if (word !== undefined) return word
      throw errors.usage(`${option} is ${words.join(', ')}, not ${JSON.stringify(printable(given))}`)
    },
    { format: String, isValid: (value) => wordIn(value) !== undefined },
  )
}

/** What was given each time; none when it was not given. An empty text takes back what an unfinished run has. */
export const list = (label: string): OptionKind<readonly string[]> => ({
  label,
  isList: true,
  parse(texts, option) {
    const given = texts.filter((one) => one !== '')
    const wrong = given.find((one) => !isText(one))
    if (wrong !== undefined) throw errors.usage(`${option} takes no ${JSON.stringify(printable(wrong))}`)
    return given
  },
  format: (texts) => texts.join(' '),
  isValid: (value) => Array.isArray(value) && value.every(isText),
})

const FLAG_VALUES: Readonly<Record<string, boolean>> = {
  '': true,
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}

/** An option without a value on the command line; a file and the environment may turn it off. */
export const FLAG: OptionKind<boolean> = {
  label: null,
  isList: false,
  parse: (texts, name) => {
    const value = FLAG_VALUES[(texts.at(-1) ?? '').toLowerCase()]
    if (value === undefined)
      throw errors.usage(`${name} is true or false, not ${JSON.stringify(texts.at(-1))}`)
    return value
  },
  format: String,
  isValid: (value) => typeof value === 'boolean',
}
