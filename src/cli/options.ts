/** The options of `run`, from texts to numbers. */

import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import type { RunRequest } from '../core/plan.ts'
import { printable } from '../core/printable.ts'
import type { RunOptions } from '../core/record.ts'
import { parseSize } from '../core/size.ts'
import type { Arguments } from './parse.ts'

/** A whole number from 1 on; `null` for `inf`. */
const parseCount = (text: string, option: string): number | null => {
  if (text === 'inf') return null
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (count < 1) {
    throw errors.usage(
      `${option} takes a whole number above 0, or inf, not ${JSON.stringify(printable(text))}`,
    )
  }
  return count
}

const positiveDuration = (text: string, option: string): number => {
  const seconds = parseDuration(text, option)
  if (seconds === 0) throw errors.usage(`${option} must be longer than 0`)
  return seconds
}

const orOff = (text: string, option: string): number | null =>
  text === 'off' ? null : positiveDuration(text, option)

type Readers = {
  readonly [Key in keyof RunOptions]: readonly [
    option: string,
    read: (text: string, option: string) => RunOptions[Key],
  ]
}

const READERS: Readers = {
  delay: ['delay', parseDuration],
  timeout: ['timeout', orOff],
  max_failures: ['max-failures', parseCount],
  stale_after: ['stale-after', positiveDuration],
  heartbeat_interval: ['heartbeat-interval', positiveDuration],
  quiet_after: ['quiet-after', orOff],
  stuck_after: ['stuck-after', orOff],
  grace: ['grace', parseDuration],
  log_limit: ['log-limit', parseSize],
  keep: [
    'keep',
    (text, option) => {
      const count = parseCount(text, option)
      if (count === null) throw errors.usage(`${option} takes a whole number above 0`)
      return count
    },
  ],
}

/** Only the options that were given. @throws LockError `usage` */
export const runOptions = (args: Arguments): Partial<RunOptions> =>
  Object.fromEntries(
    Object.entries(READERS).flatMap(([key, [option, read]]) => {
      const text = args.value(option)
      return text === undefined ? [] : [[key, read(text, `--${option}`)]]
    }),
  )

export const iterationsOption = (args: Arguments): RunRequest['iterations'] => {
  const text = args.value('iterations')
  return text === undefined ? undefined : parseCount(text, '--iterations')
}

/** Seconds; infinite for `--wait` alone, `undefined` without it. */
export const waitOption = (args: Arguments): number | undefined => {
  const text = args.value('wait')
  if (text === undefined) return undefined
  return text === '' ? Number.POSITIVE_INFINITY : parseDuration(text, '--wait')
}

/** A whole number. @throws LockError `usage` naming the option */
export const numberOption = (args: Arguments, name: string, min: 0 | 1): number | null => {
  const text = args.value(name)
  if (text === undefined) return null
  const number = /^\d{1,15}$/.test(text) ? Number(text) : -1
  if (number < min) {
    throw errors.usage(
      `--${name} takes a whole number${min === 1 ? ' above 0' : ''}, not ${JSON.stringify(printable(text))}`,
    )
  }
  return number
}
