/**
 * argv → verb and options, strictly: what is not in the table is an error that names it.
 *
 * It is yargs' own parser. yargs itself, which costs 20 ms at start, is loaded for help only.
 */
import parser from 'yargs-parser/browser'
import { errors, type LockError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { printable } from '../core/printable.ts'
import {
  isShown,
  type NamedVerb,
  type OptionSpec,
  type Options,
  type Program,
  type VerbTable,
} from './verb.ts'

export type Arguments = {
  readonly program: Program
  readonly verb: string
  readonly positionals: readonly string[]
  /** What follows `--`; `null` without a `--`. */
  readonly command: readonly string[] | null
  flag(name: string): boolean
  /** `''` when an optional value was left out; of several the last one. */
  value(name: string): string | undefined
  /** All that were given, in order; `['']` for a flag. */
  values(name: string): readonly string[] | undefined
  /** The words that would be parsed to the same again, but for these options. */
  without(...names: readonly string[]): readonly string[]
}

/** What the first word asks for. `verb`: `null` for the help of the whole program. */
export type Request =
  | { readonly kind: 'verb'; readonly verb: string; readonly words: readonly string[] }
  | { readonly kind: 'help'; readonly verb: string | null; readonly asked: boolean }
  | { readonly kind: 'version' }

const CONFIGURATION = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'strip-aliased': true,
  // They arrive among the positionals, as they were written.
  'unknown-options-as-args': true,
} as const

const quoted = (text: string): string => JSON.stringify(printable(text))

const unknown = (what: string, word: string, candidates: readonly string[], hint: string): LockError => {
  const near = nearest(word.replace(/^-+/, ''), candidates)
  const suggestion = near === undefined ? '' : `; did you mean ${word.startsWith('-') ? '--' : ''}${near}?`
  return errors.usage(`${what} ${quoted(word)} is not known${suggestion}`, hint)
}

const checkVerb = (table: VerbTable, program: Program, word: string): string => {
  const names = Object.keys(table[program])
  if (names.includes(word)) return word
  const other = program === 'engine' ? 'lock' : 'engine'
  const shown = names.filter(isShown)
  const hint = Object.keys(table[other]).filter(isShown).includes(word)
    ? `It is a command of the other program:  ${other}.sh ${word}`
    : `Commands: ${shown.join(', ')}.  ${program}.sh --help`
  throw unknown(`${program}.sh: the command`, word, shown, hint)
}

/** @throws LockError `usage` for a verb that the program does not have */
export const parseRequest = (table: VerbTable, program: Program, argv: readonly string[]): Request => {
  const [first, ...words] = argv
  if (first === undefined) return { kind: 'help', verb: null, asked: false }
  if (['--version', '-V', 'version'].includes(first)) return { kind: 'version' }
  if (!['--help', '-h', 'help'].includes(first))
    return { kind: 'verb', verb: checkVerb(table, program, first), words }
  const [about] = words
  const verb = about === undefined || about.startsWith('-') ? null : checkVerb(table, program, about)
  return { kind: 'help', verb, asked: true }
}

const HELP: Options = { help: { type: 'boolean', alias: 'h', describe: 'show help' } }

const helpOf = ({ program, name }: NamedVerb): string => `${program}.sh ${name} --help`

type Values = Readonly<Record<string, unknown>>

const parseOptions = (
  options: readonly (readonly [string, OptionSpec])[],
  words: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } => {
  const ofType = (type: OptionSpec['type']): string[] =>
    options.filter(([, option]) => option.type === type).map(([name]) => name)
  const { _, ...values } = parser([...words], {
    string: ofType('string'),
    boolean: ofType('boolean'),
    alias: Object.fromEntries(
      options.flatMap(([name, { alias }]) => (alias === undefined ? [] : [[name, [alias]]])),
    ),
    configuration: CONFIGURATION,
  })
  return { values, positionals: _.map(String) }
}

/** The parser takes `--flag=no` for the flag, and a value that is missing for an empty one. */
const checkValues = (verb: NamedVerb, words: readonly string[], values: Values): void => {
  for (const [name, { type, alias, value, requiresArg }] of Object.entries({ ...verb.options, ...HELP })) {
    if (type === 'boolean') {
      const given = words.find((word) => word.startsWith(`--${name}=`) || word.startsWith(`-${alias}=`))
      if (given !== undefined) throw errors.usage(`--${name} takes no value`, helpOf(verb))
    } else if (requiresArg !== false && textsOf(values, name)?.includes('') === true) {
      throw errors.usage(`--${name} needs a value (${value})`, helpOf(verb))
    }
  }
}

const checkPositionals = (verb: NamedVerb, positionals: readonly string[], command: boolean): void => {
  const { program, name, takesCommand } = verb
  if (command && takesCommand !== true)
    throw errors.usage(`${program}.sh ${name} takes no command`, helpOf(verb))
  const takesAll = verb.positionals.at(-1)?.replace(']', '').endsWith('...') === true
  if (positionals.length > verb.positionals.length && !takesAll) {
    const extra = positionals.slice(verb.positionals.length).map(quoted).join(' ')
    throw errors.usage(
      `${extra} is one word too many`,
      takesCommand === true
        ? `A command goes behind "--":  ${program}.sh ${name} NAME -- COMMAND`
        : helpOf(verb),
    )
  }
  const missing = verb.positionals.filter((label) => !label.startsWith('['))[positionals.length]
  if (missing === undefined) return
  const what = missing.startsWith('NAME') ? 'a session name' : missing
  throw errors.usage(`${program}.sh ${name} needs ${what}`, helpOf(verb))
}

const textsOf = (values: Values, name: string): readonly string[] | undefined => {
  const value = values[name]
  if (typeof value === 'string') return [value]
  // Given more than once.
  if (Array.isArray(value)) return value.map(String)
  return value === true ? [''] : undefined
}

const argumentsOf = (
  verb: NamedVerb,
  values: Values,
  positionals: readonly string[],
  command: readonly string[] | null,
): Arguments => {
  const wordsOf = ([name, { type, array }]: readonly [string, OptionSpec]): readonly string[] => {
    const texts = textsOf(values, name)
    if (texts === undefined) return []
    if (type === 'boolean') return [`--${name}`]
    return (array === true ? texts : texts.slice(-1)).map((text) => `--${name}=${text}`)
  }
  return {
    program: verb.program,
    verb: verb.name,
    positionals,
    command,
    flag: (name) => values[name] === true,
    value: (name) => textsOf(values, name)?.at(-1),
    values: (name) => textsOf(values, name),
    without: (...names) => [
      verb.name,
      ...positionals,
      ...Object.entries(verb.options).flatMap((option) => (names.includes(option[0]) ? [] : wordsOf(option))),
      ...(command === null ? [] : ['--', ...command]),
    ],
  }
}

/** What follows the first word is a text, whatever it begins with; help alone is still help, and behind a -- it is text. */
const literalWords = ([first, ...rest]: readonly string[]): readonly string[] => {
  if (first === undefined || first.startsWith('-')) return []
  if (rest[0] === '--') return rest.slice(1)
  return rest.length === 1 && ['--help', '-h'].includes(rest[0] ?? '') ? [] : rest
}

/** @returns `'help'` when that is asked for @throws LockError `usage` */
export const parseArguments = (verb: NamedVerb, argv: readonly string[]): Arguments | 'help' => {
  // Split here: the parser forgets a -- that has nothing behind it, and `run NAME -- $UNSET` would go on with the last run.
  const text = verb.takesText === true ? literalWords(argv) : []
  const own = argv.slice(0, argv.length - text.length)
  const end = own.indexOf('--')
  const words = end < 0 ? own : own.slice(0, end)
  const command = end < 0 || verb.takesText === true ? null : own.slice(end + 1)
  const options = Object.entries({ ...verb.options, ...HELP })
  const { values, positionals } = parseOptions(options, words)
  if (values.help === true) return 'help'
  const names = options.map(([name]) => name)
  const key = Object.keys(values).find((one) => !names.includes(one))
  const stranger = positionals.find((word) => /^-./.test(word)) ?? (key === undefined ? key : `--${key}`)
  if (stranger !== undefined) throw unknown('option', stranger.replace(/=.*/s, ''), names, helpOf(verb))
  checkValues(verb, words, values)
  const all = [...positionals, ...text]
  checkPositionals(verb, all, command !== null)
  return argumentsOf(verb, values, all, command)
}
