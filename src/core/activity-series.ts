/** How much a worker has shown over the last minutes, in few numbers, for a sparkline. Pure. */
import { isNewText } from './novelty.ts'
import type { ActivitySeries } from './record.ts'
import type { Sample } from './sample.ts'

export const SERIES_LENGTH = 30
const MIN_BUCKET_SECONDS = 10

const NOTE_LEVEL = 8

/** A step for every eightfold amount: 1 to 4. */
const steps = (bytes: number): number => Math.min(4, 1 + Math.floor(Math.log2(Math.max(1, bytes / 64)) / 3))

/**
 * | level  | seen since the last sample                |
 * | ------ | ----------------------------------------- |
 * | 0      | nothing                                   |
 * | 1      | processor time                            |
 * | 2      | text that repeats                         |
 * | 2 to 5 | bytes read and written, the more the higher |
 * | 4 to 7 | new text, the more the higher             |
 * | 8      | a note                                    |
 */
export const activityLevel = (sample: Sample): number => {
  const { note, output, io, received, cpuSeconds } = sample
  if (note) return NOTE_LEVEL
  if (isNewText(output.kind)) return 3 + steps(output.bytes)
  const bytes = Math.max(io.payload - 4 * output.bytes, received ?? 0)
  if (bytes > 0) return 1 + steps(bytes)
  if (output.bytes > 0) return 2
  return cpuSeconds > 0.01 ? 1 : 0
}

/** @param interval seconds between two samples @param at of the monotonic clock */
export const extendSeries = (
  before: ActivitySeries | undefined,
  interval: number,
  at: number,
  level: number,
): ActivitySeries => {
  const bucket = Math.max(interval, MIN_BUCKET_SECONDS)
  if (before === undefined || before.bucket !== bucket) return { bucket, last: at, levels: [level] }
  const passed = Math.floor((at - before.last) / bucket)
  if (passed <= 0) {
    const levels = [...before.levels.slice(0, -1), Math.max(before.levels.at(-1) ?? 0, level)]
    return { ...before, levels }
  }
  const empty = Array<number>(Math.min(passed - 1, SERIES_LENGTH)).fill(0)
  const levels = [...before.levels, ...empty, level].slice(-SERIES_LENGTH)
  return { bucket, last: before.last + passed * bucket, levels }
}
