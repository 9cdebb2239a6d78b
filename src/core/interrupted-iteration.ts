/** What record and history say of an iteration whose owner died in it, or just after it. Pure. */
import type { HistoryEntry, IterationEntry } from './history.ts'
import type { LockRecord } from './record.ts'

/** Whether the record has the end of the iteration that it names. One that is done again has ended in an earlier run, too. */
export const hasEnd = ({ generation, iteration, last_iteration: last }: LockRecord): boolean =>
  last?.iteration === iteration.number && last.generation === generation

/**
 * The history entry of an iteration whose end was not observed.
 *
 * @param endedEpoch when it was ended, or last seen
 * @returns `null` when no iteration was running
 */
export const interruptedEntry = (
  record: LockRecord,
  endedEpoch: number,
  outputBytes: number,
): IterationEntry | null => {
  const { watch } = record
  const { number: iteration, started_epoch: started } = record.iteration
  if (iteration === 0 || started === null || hasEnd(record)) return null
  return {
    kind: 'iteration',
    generation: record.generation,
    iteration,
    started_epoch: started,
    duration: Math.max(0, endedEpoch - started),
    result: 'killed',
    exit_code: null,
    signal: null,
    beats: watch?.beats ?? 0,
    longest_quiet: watch?.longest_quiet ?? 0,
    output_bytes: outputBytes,
    output_lost: record.output_lost,
    left_running: 0,
    incident: null,
    changed: null,
  }
}

/** See {@link interruptedEntry}: a worker that a signal ended has one, and one that exited has a code. */
const isInterruptedEntry = ({ result, exit_code, signal }: IterationEntry): boolean =>
  result === 'killed' && exit_code === null && signal === null

/**
 * An end is entered into the history first and into the record afterwards. An owner that died between the two has
 * done the iteration all the same, and it is not repeated.
 *
 * @param entries the last ones of the history
 */
export const withKnownEnd = <R extends LockRecord>(record: R, entries: readonly HistoryEntry[]): R => {
  const { generation } = record
  const iteration = record.iteration.number
  if (hasEnd(record)) return record
  const known = entries.findLast(
    (entry): entry is IterationEntry =>
      entry.kind === 'iteration' && entry.generation === generation && entry.iteration === iteration,
  )
  if (known === undefined || isInterruptedEntry(known)) return record
  const { result, exit_code, signal, started_epoch, duration } = known
  return {
    ...record,
    last_iteration: {
      generation,
      iteration,
      result,
      exit_code,
      signal,
      ended_epoch: started_epoch + duration,
    },
  }
}
