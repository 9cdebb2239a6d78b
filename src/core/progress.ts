/**
 * Classifies samples of a worker: evidence of progress, mere activity, or nothing. Pure.
 *
 * | found since the last sample                     | activity | progress                                    |
 * | ----------------------------------------------- | -------- | ------------------------------------------- |
 * | a note, or text that is new                     | yes      | yes                                         |
 * | text that was seen before                       | yes      | no                                          |
 * | bytes read or written by what lasts             | yes      | yes, unless text repeats; a lot of it, always |
 * | a lot of it by what comes and goes              | yes      | yes, unless text repeats                    |
 * | {@link WORK_FRACTION}, and processes come and go   | yes      | yes, unless text repeats                    |
 * | processor time alone                            | yes      | no                                          |
 * | less than {@link IDLE_FRACTION} of a processor     | no       | no                                          |
 *
 * No activity for `quiet_after`: `silent`. Activity without progress for `stuck_after`: `repeating` when it is text,
 * else `spinning`. A worker that is stopped, or waits for a person at the terminal, needs no limit but two samples.
 */
import type { StallCause } from './record.ts'

/** Compilers and the like take this much; a loop of sleeps and questions, started anew each time, does not. */
export const WORK_FRACTION = 0.05

/** An idle event loop with a timer takes 0.2 % of a processor, a spinner 0.1 %, a stream with a ping 0.05 %. */
export const IDLE_FRACTION = 0.01

/** So many bytes in a second are work, whatever the screen repeats: a copy with a bar of digits, a long download. */
export const BULK_BYTES_PER_SECOND = 64 * 1024

/** Text that repeats explains small reads and writes for this fraction of `stuck_after`: a loop of retries does both. */
const REPEATING_FRACTION = 1 / 6
const REPEATING_SAMPLES = 4

/** To start a process or two takes this long on a busy machine, however short the interval: seconds of a processor. */
const IDLE_SECONDS = 0.02
const WORK_SECONDS = 0.05

/** What two samples in a row show is no coincidence. */
const CERTAIN_SAMPLES = 2

export type ProgressSource = 'note' | 'output' | 'io' | 'cpu'

/** What one sample has found; amounts are since the sample before. */
export type Sample = {
  /** Seconds of the monotonic clock. */
  readonly at: number
  readonly note: boolean
  readonly output: { readonly bytes: number; readonly isNew: boolean }
  /** Bytes read and written by processes that were there at both samples; and those of all, that have come or ended too. */
  readonly io: { readonly lasting: number; readonly all: number }
  readonly cpuSeconds: number
  /** Processes have come or gone. */
  readonly processesChange: boolean
  readonly blocked: 'stopped' | 'awaiting-input' | null
}

export type Limits = {
  /** Seconds; `null` is off. */
  readonly quietAfter: number | null
  readonly stuckAfter: number | null
}

/** Seconds of the monotonic clock. */
export type Progress = {
  readonly at: number
  readonly activity: number
  readonly progress: number
  /** When text was last seen to repeat; `null` before. */
  readonly repeat: number | null
  readonly blocked: Sample['blocked']
  /** Samples in a row that have found it so. */
  readonly blockedSamples: number
}

export type Assessment = {
  readonly progress: Progress
  /** The strongest that this sample contains. */
  readonly evidence: ProgressSource | null
  /** Why there is to be no beat; `null`: beat. */
  readonly stall: { readonly cause: StallCause; readonly since: number } | null
}

export const beginProgress = (at: number): Progress => ({
  at,
  activity: at,
  progress: at,
  repeat: null,
  blocked: null,
  blockedSamples: 0,
})

type Classification = { readonly source: ProgressSource | null; readonly isProgress: boolean }

const classifySample = (sample: Sample, seconds: number, textRepeats: boolean): Classification => {
  if (sample.note) return { source: 'note', isProgress: true }
  if (sample.output.isNew) return { source: 'output', isProgress: true }
  // What it prints is written too, and may go through a pipe or two on its way.
  const bulk = BULK_BYTES_PER_SECOND * seconds
  if (sample.io.lasting - 4 * sample.output.bytes >= bulk) return { source: 'io', isProgress: true }
  if (sample.output.bytes > 0) return { source: 'output', isProgress: false }
  // Every process reads its libraries when it starts: what comes and goes has to read more than that.
  if (sample.io.lasting > 0 || sample.io.all >= bulk) return { source: 'io', isProgress: !textRepeats }
  if (sample.cpuSeconds >= Math.max(IDLE_SECONDS, IDLE_FRACTION * seconds)) {
    const works =
      sample.processesChange && sample.cpuSeconds >= Math.max(WORK_SECONDS, WORK_FRACTION * seconds)
    return { source: 'cpu', isProgress: works && !textRepeats }
  }
  return { source: null, isProgress: false }
}

/** @param allowedUntil a promise of the worker: nothing but certain causes counts before this time */
export const assess = (
  before: Progress,
  sample: Sample,
  limits: Limits,
  interval: number,
  allowedUntil: number,
): Assessment => {
  const { at } = sample
  const seconds = Math.max(at - before.at, 0.001)
  const repeatsNow = sample.output.bytes > 0 && !sample.output.isNew
  const repeat = repeatsNow ? at : before.repeat
  const memory = Math.max(REPEATING_SAMPLES * interval, (limits.stuckAfter ?? 0) * REPEATING_FRACTION)
  const textRepeats = repeat !== null && at - repeat <= memory
  const { source, isProgress } = classifySample(sample, seconds, textRepeats)
  // A thread may read the keyboard while others work: only a worker without any progress waits for a person.
  const blocked = isProgress ? null : sample.blocked
  const progress: Progress = {
    at,
    activity: source === null ? before.activity : at,
    progress: isProgress ? at : before.progress,
    repeat,
    blocked,
    blockedSamples: blocked === null ? 0 : blocked === before.blocked ? before.blockedSamples + 1 : 1,
  }
  return { progress, evidence: source, stall: stallOf(progress, limits, allowedUntil) }
}

const stallOf = (
  { at, activity, progress, repeat, blocked, blockedSamples }: Progress,
  { quietAfter, stuckAfter }: Limits,
  allowedUntil: number,
): Assessment['stall'] => {
  if (blocked !== null && blockedSamples >= CERTAIN_SAMPLES) return { cause: blocked, since: activity }
  if (at < allowedUntil) return null
  if (quietAfter !== null && at - activity >= quietAfter) return { cause: 'silent', since: activity }
  if (stuckAfter !== null && activity - progress >= stuckAfter) {
    return { cause: repeat !== null && repeat > progress ? 'repeating' : 'spinning', since: progress }
  }
  return null
}
