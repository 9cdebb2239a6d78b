/** What `status` and `why` tell of a loop. Pure. */
import { formatDuration } from '../duration.ts'
import { shellQuote } from '../printable.ts'
import type { LockRecord } from '../record.ts'
import { RUN_OPTIONS, type RunOptionKey, runOptionName } from '../run-options.ts'

/** When a run that waits goes on, and why not sooner; `''` when it does not wait for a moment. @param now Unix seconds */
export const waitText = ({ loop }: LockRecord, now: number): string => {
  if (loop.next_epoch === null) return ''
  const why = loop.next_reason === null ? '' : ` (${loop.next_reason})`
  return `, the next begins in ${formatDuration(Math.max(0, loop.next_epoch - now))}${why}`
}

/** What is left until a rule ends the run. Only what has begun to count. @param now Unix seconds */
export const leftTexts = ({ loop, options, failures }: LockRecord, now: number): readonly string[] => {
  const { deadline_epoch: deadline, unchanged, excused, repetition } = loop
  const { max_unchanged: most, max_failures: mostFailures } = options
  const counted = failures - excused
  return [
    ...(deadline === null ? [] : [`${formatDuration(Math.max(0, deadline - now))} left`]),
    ...(most === null || unchanged === 0 ? [] : [`${unchanged} of ${most} iterations without a change`]),
    ...(most === null || repetition === null ? [] : [`${repetition.count} of ${most} with the same text`]),
    ...(mostFailures === null || counted <= 0 ? [] : [`${counted} of ${mostFailures} failures`]),
  ]
}

const LOOP_OPTIONS: readonly RunOptionKey[] = [
  'until',
  'until_output',
  'for',
  'until_time',
  'max_unchanged',
  'backoff',
  'stdin',
  'on_iteration',
]

/** The rules of a run as they would be given on the command line; `''` without any. */
export const ruleText = ({ options }: Pick<LockRecord, 'options'>): string =>
  shellQuote(
    LOOP_OPTIONS.flatMap((key) => {
      const value: unknown = options[key]
      if (value === null) return []
      const { format } = RUN_OPTIONS[key] as { readonly format: (value: unknown) => string }
      return [`--${runOptionName(key)}`, format(value)]
    }),
  )
