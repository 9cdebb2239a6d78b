/** How far a run is, and how long it still takes, by what its iterations have taken so far. Pure. */
import { hasEnd } from './interrupted-iteration.ts'
import { median } from './median.ts'
import type { LockRecord } from './record.ts'

export type Progress = {
  /** From 0 to 1: of all iterations; without a last one, of this iteration. `null` when that cannot be told. */
  readonly fraction: number | null
  /** Seconds, of the same. `null` when that cannot be told. */
  readonly left: number | null
}

const UNTOLD: Progress = { fraction: null, left: null }

type Iteration = {
  readonly isRunning: boolean
  /** Seconds since it began, or until the next one begins. */
  readonly elapsed: number
  readonly untilNext: number
}

const iterationAt = ({ phase, iteration, loop }: LockRecord, now: number): Iteration => ({
  isRunning: phase !== 'waiting',
  elapsed: iteration.started_epoch === null ? 0 : Math.max(0, now - iteration.started_epoch),
  untilNext: loop.next_epoch === null ? 0 : Math.max(0, loop.next_epoch - now),
})

/** @param usual seconds of an iteration */
const ofAll = (record: LockRecord, total: number, usual: number | null, now: number): Progress => {
  const { number } = record.iteration
  const { isRunning, elapsed, untilNext } = iterationAt(record, now)
  if (!isRunning) {
    const following = total - number
    const pauses = untilNext + Math.max(0, following - 1) * record.options.delay
    return { fraction: number / total, left: usual === null ? null : pauses + following * usual }
  }
  const done = Math.max(0, number - 1)
  if (usual === null) return { fraction: done / total, left: null }
  const following = Math.max(0, total - Math.max(1, number))
  return {
    fraction: (done + Math.min(1, elapsed / usual)) / total,
    left: Math.max(0, usual - elapsed) + following * (usual + record.options.delay),
  }
}

/** Of a run that has ended or died: an iteration that was cut off is not done. */
export const finalProgress = (record: LockRecord): Progress => {
  const { total, number } = record.iteration
  if (total === null) return UNTOLD
  const isDone = record.ended?.reason === 'completed' || hasEnd(record)
  return { fraction: Math.max(0, isDone ? number : number - 1) / total, left: null }
}

/**
 * @param durations seconds that earlier iterations have taken
 * @param now Unix seconds
 */
export const progressOf = (record: LockRecord, durations: readonly number[], now: number): Progress => {
  const { total } = record.iteration
  if (record.ended !== null) return finalProgress(record)
  // Zero would be a division by it.
  const usual = median(durations.filter((seconds) => seconds > 0))
  if (total !== null) return ofAll(record, total, usual, now)
  const { isRunning, elapsed, untilNext } = iterationAt(record, now)
  if (!isRunning) return { fraction: null, left: untilNext }
  if (usual === null) return UNTOLD
  return { fraction: Math.min(1, elapsed / usual), left: Math.max(0, usual - elapsed) }
}
