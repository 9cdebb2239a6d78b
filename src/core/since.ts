/** From when on somebody wants to know something: `22:00`, `12h`, a date. Pure; local time is that of the process. */
import { parseDuration } from './duration.ts'
import { errors } from './errors.ts'
import { absoluteMoment, isTimeOfDay, parseClockTime } from './loop/times.ts'
import { printable } from './printable.ts'

/**
 * The last moment up to `now` at which the clock on the wall showed `clockTime`. Where the clock skipped that time,
 * because summer time began, the moment at which it would have come.
 *
 * @param clockTime `HH:MM` @param now Unix seconds @returns Unix seconds
 */
export const lastClockTime = (clockTime: string, now: number): number => {
  const [hours = 0, minutes = 0] = clockTime.split(':').map(Number)
  const date = new Date(now * 1000)
  date.setHours(hours, minutes, 0, 0)
  if (date.getTime() > now * 1000) {
    date.setDate(date.getDate() - 1)
    date.setHours(hours, minutes, 0, 0)
  }
  return date.getTime() / 1000
}

const momentOf = (text: string, option: string, now: number): number => {
  if (isTimeOfDay(text)) return lastClockTime(parseClockTime(text, option), now)
  return absoluteMoment(text) ?? now - parseDuration(text, option)
}

/**
 * Reads `22:00` (the last one that was), a duration up to now (`12h`), ISO 8601 (without a zone local time), Unix seconds
 * or milliseconds.
 *
 * @param now Unix seconds @returns Unix seconds, not after `now` @throws LockError `usage`
 */
export const parseSince = (text: string, option: string, now: number): number => {
  let moment = Number.NaN
  try {
    moment = momentOf(text, option, now)
  } catch {
    // Said below, with all that may be written here.
  }
  if (moment <= now) return Math.max(0, moment)
  const isLater = moment > now
  throw errors.usage(
    `${option} takes a moment of the past, not ${JSON.stringify(printable(text))}${isLater ? ', which lies ahead' : ''}`,
    'A time of day (22:00: the last one that was), a duration up to now (12h), a date (2026-11-27, 2026-11-27T22:00), Unix seconds.',
  )
}
