import { errors } from './errors.ts'
import { printable } from './printable.ts'

const UNIT_SECONDS = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 } as const
const DURATION = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/
/** A hundred years: longer is a typing error, and stays exact in every arithmetic here. */
const MAX_SECONDS = 100 * 365 * 86_400

/**
 * Reads `90`, `90s`, `1.5m`, `10m`, `2h`, `1d`.
 *
 * @returns seconds
 * @throws LockError `usage` naming the option
 */
export const parseDuration = (text: string, option: string): number => {
  const match = DURATION.exec(text)
  const seconds = match
    ? Number(match[1]) * UNIT_SECONDS[(match[2] ?? '') as keyof typeof UNIT_SECONDS]
    : Number.NaN
  if (!(seconds <= MAX_SECONDS)) {
    throw errors.usage(
      `${option} takes a duration, not ${JSON.stringify(printable(text))}`,
      'Durations: 90, 90s, 10m, 2h.',
    )
  }
  return seconds
}

/** The shortest text that `parseDuration` reads as exactly these seconds: `90s`, `10m`, `0.25s`. */
export const formatExactDuration = (seconds: number): string => {
  const units = ['d', 'h', 'm'] as const
  const unit = units.find((one) => seconds >= UNIT_SECONDS[one] && seconds % UNIT_SECONDS[one] === 0) ?? 's'
  return `${seconds / UNIT_SECONDS[unit]}${unit}`
}

const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit} ${small}${smallUnit}`

/** For people: `0.4s`, `42s`, `3m 10s`, `2h 5m`, `3d 4h`. Takes seconds. */
export const formatDuration = (seconds: number): string => {
  if (seconds < 0) return `-${formatDuration(-seconds)}`
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return pair(Math.floor(whole / 60), 'm', whole % 60, 's')
  const minutes = Math.floor(whole / 60)
  if (whole < 86_400) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.floor(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}
