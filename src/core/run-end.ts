/** What ends a run after an iteration, and with what. Pure. */
import type { EndReason, IterationResult } from './record.ts'

export type RunEnd = { readonly reason: EndReason; readonly exitCode: number }

/** How an iteration has ended, as far as the run's end hangs on it. */
export type LastResult = {
  readonly result: IterationResult
  /** What a shell would report. */
  readonly exitCode: number
}

export type Circumstances = {
  readonly isLast: boolean
  /** Failed iterations in a row, this one included. */
  readonly failures: number
  /** `null`: any number. */
  readonly maxFailures: number | null
  /** The end that somebody has asked for; `null` when nobody has. */
  readonly stopped: RunEnd | null
}

/** An iteration that was interrupted on request says nothing about the command. */
export const failuresAfter = ({ result }: LastResult, before: number): number => {
  if (result === 'ok') return 0
  return result === 'interrupted' ? before : before + 1
}

/**
 * The first rule that applies.
 *
 * | after an iteration                             | the run ends                                    |
 * | ---------------------------------------------- | ----------------------------------------------- |
 * | that was the last one, and has succeeded       | `completed`, 0: a stop that comes now changes nothing |
 * | and somebody has asked for an end              | as asked                                        |
 * | that failed, as often as is allowed in a row   | `failed`, with its exit code                    |
 * | that was the last one                          | `completed`, with its exit code                 |
 *
 * @returns `null`: the run goes on
 */
export const endAfterIteration = (
  last: LastResult,
  { isLast, failures, maxFailures, stopped }: Circumstances,
): RunEnd | null => {
  if (isLast && last.result === 'ok') return { reason: 'completed', exitCode: 0 }
  if (stopped !== null) return stopped
  if (maxFailures !== null && failures >= maxFailures) return { reason: 'failed', exitCode: last.exitCode }
  return isLast ? { reason: 'completed', exitCode: last.exitCode } : null
}
