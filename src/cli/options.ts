/** The options of `run`, from texts to numbers. */

import { parseDuration } from '../core/duration.ts'
import { COUNT_OR_INF, parseWholeNumber } from '../core/option-kinds.ts'
import type { RunRequest } from '../core/plan.ts'
import { parseRunOptions, type RunOptions } from '../core/run-options.ts'
import type { Arguments } from './parse.ts'

/** Only the options that were given. @throws LockError `usage` */
export const runOptions = (args: Arguments): Partial<RunOptions> =>
  parseRunOptions((name) => {
    const text = args.value(name)
    return text === undefined ? undefined : [text]
  })

export const iterationsOption = (args: Arguments): RunRequest['iterations'] => {
  const text = args.value('iterations')
  return text === undefined ? undefined : COUNT_OR_INF.parse([text], '--iterations')
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
  return text === undefined ? null : parseWholeNumber(text, `--${name}`, min)
}
