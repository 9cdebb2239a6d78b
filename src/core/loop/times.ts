/** Times and spans that a person writes for a loop: `07:30`, `1m..30m`, and what `--retry-at` takes. Pure; local time is that of the process. */
import { parseDuration } from '../duration.ts'
import { errors } from '../errors.ts'
import { printable } from '../printable.ts'

const CLOCK_TIME = /^([01]?\d|2[0-3]):([0-5]\d)$/

const quoted = (text: string): string => JSON.stringify(printable(text))

/** @returns `HH:MM` with two digits each @throws LockError `usage` */
export const parseClockTime = (text: string, option: string): string => {
  const [, hours, minutes] = CLOCK_TIME.exec(text) ?? []
  if (hours === undefined)
    throw errors.usage(
      `${option} takes a time of day, not ${quoted(text)}`,
      'A time of day has hours and minutes of this machine: 07:30, 18:00.',
    )
  return `${hours.padStart(2, '0')}:${minutes}`
}

/** As {@link parseClockTime} returns it. */
export const isClockTime = (text: string): boolean => /^\d\d:/.test(text) && CLOCK_TIME.test(text)

/**
 * The next moment after `now` at which the clock on the wall shows `clockTime`. Where the clock skips that time,
 * because summer time begins, the moment at which it would have come.
 *
 * @param clockTime `HH:MM` @param now Unix seconds @returns Unix seconds
 */
export const nextClockTime = (clockTime: string, now: number): number => {
  const [hours = 0, minutes = 0] = clockTime.split(':').map(Number)
  const date = new Date(now * 1000)
  date.setHours(hours, minutes, 0, 0)
  if (date.getTime() <= now * 1000) {
    date.setDate(date.getDate() + 1)
    date.setHours(hours, minutes, 0, 0)
  }
  return date.getTime() / 1000
}

/** Seconds: the pause after the first failure in a row, and the longest one. */
export type Backoff = { readonly from: number; readonly to: number }

/** Reads `D..MAX`, such as `30s..15m`. @throws LockError `usage` */
export const parseBackoff = (text: string, option: string): Backoff => {
  const [first, last, ...more] = text.split('..')
  const wrong = (why: string) =>
    errors.usage(
      `${option} takes D..MAX, ${why}`,
      'For example 30s..15m: 30 seconds, doubled up to 15 minutes.',
    )
  if (!first || !last || more.length > 0) throw wrong(`not ${quoted(text)}`)
  const backoff = { from: parseDuration(first, option), to: parseDuration(last, option) }
  if (backoff.from === 0) throw wrong('and D is more than 0')
  if (backoff.to < backoff.from) throw wrong(`and MAX is not less than D, as in ${quoted(text)}`)
  return backoff
}

/** A moment that is farther away than this is a typing error, or milliseconds taken for seconds. */
const MAX_WAIT_SECONDS = 31 * 86_400
/** Fewer digits are a duration in seconds: this many are a moment after 2001, or 31 years. */
const EPOCH_DIGITS = 9
const MILLISECOND_DIGITS = 12
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** Whether {@link parseClockTime} would read it. */
export const isTimeOfDay = (text: string): boolean => CLOCK_TIME.test(text)

/** ISO 8601 with a year first, Unix seconds or milliseconds; `null` for anything else, such as a duration. */
export const absoluteMoment = (text: string): number | null => {
  if (ISO.test(text)) return Date.parse(text.replace(' ', 'T').replace(/ (?=[Z+-])/, '')) / 1000
  const [digits = ''] = /^\d+(?=(?:\.\d+)?$)/.exec(text) ?? []
  if (digits.length > MILLISECOND_DIGITS) return Number(text) / 1000
  return digits.length > EPOCH_DIGITS ? Number(text) : null
}

const momentOf = (text: string, option: string, now: number): number => {
  if (isTimeOfDay(text)) return nextClockTime(parseClockTime(text, option), now)
  return absoluteMoment(text) ?? now + parseDuration(text.replace(/^\+/, ''), option)
}

/**
 * Reads a moment: `14:00` (the next one), ISO 8601 (`2026-11-28T14:00:00Z`, without a zone local time), Unix seconds or
 * milliseconds, or a duration from now on (`20m`). One that is past already is taken as it is.
 *
 * @param now Unix seconds @returns Unix seconds @throws LockError `usage`
 */
export const parseRetryAt = (text: string, option: string, now: number): number => {
  let moment = Number.NaN
  try {
    moment = momentOf(text, option, now)
  } catch {
    // Said below, with all that may be written here.
  }
  if (!(moment <= now + MAX_WAIT_SECONDS))
    throw errors.usage(
      `${option} takes a moment of the next 31 days, not ${quoted(text)}`,
      'A time of day (14:00), ISO 8601 (2026-11-28T14:00:00Z), Unix seconds, or a duration from now on (20m).',
    )
  return Math.max(0, moment)
}
