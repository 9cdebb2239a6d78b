/**
 * Clocks of a worker's activity and progress, put forward by what each sample is worth (core/sample.ts), and the cause of a
 * hang that follows from them. Pure.
 *
 * | cause            | when |
 * | ---------------- | ---- |
 * | `silent`         | no activity for `quiet_after` |
 * | `awaiting-input` | its foreground process is blocked in a read of the terminal, without progress, in two samples; or it listens to the terminal, and for `quiet_after` nothing was printed, nothing computed, and no progress made |
 * | `awaiting-input` | as for `repeating`, while the worker listens and shows a menu: a clock may run beside a dialog |
 * | `repeating`      | activity without progress for `stuck_after`, and it is text |
 * | `spinning`       | the same, and it is not |
 * | `stopped`        | a process is stopped, without progress, in two samples |
 *
 * A hang that has been found ends at once with a note or new text. Whatever else is seen ends it when it comes in
 * {@link RETURN_SAMPLES} samples: no further apart than half of `quiet_after` (at a prompt, than a third), and in a row
 * for `repeating` and `spinning`. A burst now and then is no work.
 *
 * A trickle, payload of less than {@link HOUSEKEEPING_BYTES_PER_SECOND} that is moved by processes without a terminal or only
 * passed from one process of the worker to another and back, neither keeps a worker
 * that listens to its terminal from `awaiting-input` nor ends that: daemons behind a prompt have it. What such processes move
 * beyond that puts this off by {@link DETACHED_WORTH} times the time in which it was seen, from the second sample in a row on:
 * a daemon that reads a whole file every few minutes, to see whether it has changed, is no work either.
 *
 * Payload by a process that has a terminal puts it off by {@link PROMPT_FRACTION} of `quiet_after` at most, unless it is a lot:
 * a program that writes its state down every few minutes, while it waits for a key, does no work.
 */
import type { Stall, StallCause } from './record.ts'
import {
  BURST_FRACTION,
  type Classification,
  COMPUTE_FRACTION,
  classifySample,
  type ProgressSource,
  type Sample,
  workSeconds,
} from './sample.ts'

/** For each second in which such bytes are seen, so many seconds: work pauses for a sample now and then. */
export const DETACHED_WORTH = 3

/** Text that repeats explains small reads and writes for this share of `stuck_after`: a loop of retries does both. */
const REPEATING_FRACTION = 1 / 6
const REPEATING_SAMPLES = 4

/** What two samples in a row show is no coincidence. */
export const CERTAIN_SAMPLES = 2

export const RETURN_SAMPLES = 3
/** A sample may come late. */
const IN_A_ROW_INTERVALS = 1.7
/** Of `quiet_after`, at a prompt: as {@link BURST_FRACTION}. */
export const PROMPT_FRACTION = 1 / 3
/** Of `stuck_after`: phrases that come less often than this are no progress. */
const PHRASE_FRACTION = 1 / 6
/** A clock goes back no further than this, in limits, so that bursts that do not suffice stay insufficient. */
const DEBT_LIMITS = 1.5

export type Limits = {
  /** Seconds; `null` is off. */
  readonly quietAfter: number | null
  readonly stuckAfter: number | null
}

/** Clocks are in seconds of the monotonic clock; see the table for what puts them forward. */
export type Progress = {
  readonly at: number
  readonly activity: number
  /** Activity without small reads that nothing else bears out. */
  readonly firm: number
  /** Progress beside the texts of status lines. */
  readonly certain: number
  /** New text of a status line; counts as long as that is not known to come from a list. */
  readonly status: number
  /** The later of the two that count. */
  readonly progress: number
  /** Progress beside what daemons do that only wait: a trickle of bytes, a burst now and then. */
  readonly worked: number
  /** In the last sample only processes without a terminal have moved bytes, and nothing else was seen. */
  readonly detached: boolean
  /** Text that was more than a cursor that blinks. */
  readonly printed: number
  /** {@link COMPUTE_FRACTION} of a processor. */
  readonly computed: number
  /** When text was last seen to repeat; `null` before. */
  readonly repeat: number | null
  readonly blocked: Sample['blocked']
  /** Samples in a row that have found it so. */
  readonly blockedSamples: number
  /** Bytes that were moved since a size on the screen has grown. */
  readonly unshown: number
  /** Small reads were found to be housekeeping. */
  readonly readsAreIdle: boolean
  readonly stall: Stall | null
  /** Samples that speak against the stall, and when the last one did. */
  readonly returning: { readonly samples: number; readonly at: number }
}

export type Assessment = {
  readonly progress: Progress
  /** The strongest that this sample has found. */
  readonly evidence: ProgressSource | null
  /** Why there is to be no beat; `null`: beat. */
  readonly stall: Stall | null
}

export const beginProgress = (at: number): Progress => ({
  at,
  activity: at,
  firm: at,
  certain: at,
  status: at,
  progress: at,
  worked: at,
  detached: false,
  printed: at,
  computed: at,
  repeat: null,
  blocked: null,
  blockedSamples: 0,
  unshown: 0,
  readsAreIdle: false,
  stall: null,
  returning: { samples: 0, at },
})

/** A clock that is put forward by what was found; never beyond now. */
const advanced = (clock: number, at: number, limit: number | null, seconds: number): number =>
  Math.min(at, Math.max(clock, limit === null ? clock : at - DEBT_LIMITS * limit) + seconds)

const gained = (clock: number, at: number, limit: number | null, gain: number): number =>
  gain >= 1 || limit === null ? at : advanced(clock, at, limit, gain * limit)

/** @param allowedUntil a promise of the worker: nothing but certain causes counts before this time */
export type AssessmentContext = {
  readonly limits: Limits
  /** Seconds between two samples, as they are meant to be. */
  readonly interval: number
  readonly allowedUntil: number
}

/** A cause could be found within two intervals: what costs more to look at is looked at now. */
export const nearStall = (
  { activity, firm, progress, worked, printed, computed, stall }: Progress,
  at: number,
  { limits: { quietAfter, stuckAfter }, interval }: AssessmentContext,
): boolean => {
  if (stall !== null) return true
  const within = at + 2 * interval
  const quietest = Math.min(activity, firm, Math.max(worked, printed, computed))
  return (
    (quietAfter !== null && within - quietest >= quietAfter) ||
    (stuckAfter !== null && within - progress >= stuckAfter)
  )
}

const ANY_ACTIVITY_ENDS: ReadonlySet<StallCause> = new Set(['silent', 'awaiting-input'])

const againstStall = (
  { stall }: Progress,
  { source, isProgress, isTrickle }: Classification,
  { menu = false }: Sample,
): boolean => {
  const isAwaited = stall?.cause === 'awaiting-input'
  if (isAwaited && menu && source === 'output') return isProgress
  if (isAwaited && isTrickle) return false
  return stall !== null && ANY_ACTIVITY_ENDS.has(stall.cause) ? source !== null : isProgress
}

const returningOf = (
  before: Progress,
  sample: Sample,
  seen: Classification,
  { limits, interval }: AssessmentContext,
): Progress['returning'] => {
  const { cause } = before.stall ?? { cause: null }
  // A daemon behind the prompt is at work when it does not stop.
  const isQuiet =
    cause !== null && ANY_ACTIVITY_ENDS.has(cause) && !(cause === 'awaiting-input' && seen.isDetached)
  const share = cause === 'awaiting-input' ? PROMPT_FRACTION : BURST_FRACTION
  const limit = limits.quietAfter ?? limits.stuckAfter ?? Number.POSITIVE_INFINITY
  const apart = isQuiet ? share * limit : IN_A_ROW_INTERVALS * interval
  const { at } = sample
  const { samples, at: last } = before.returning
  if (!againstStall(before, seen, sample) || seen.gain === 0) {
    return at - last > apart ? { samples: 0, at } : before.returning
  }
  return { samples: at - last > apart ? 1 : samples + 1, at }
}

export const assess = (before: Progress, sample: Sample, context: AssessmentContext): Assessment => {
  const { at } = sample
  const { limits, interval } = context
  const seconds = Math.max(at - before.at, 0.001)
  const { cycles, kind, bytes } = sample.output
  const repeat = kind === 'repeat' || kind === 'blink' ? at : before.repeat
  const memory = Math.max(REPEATING_SAMPLES * interval, (limits.stuckAfter ?? 0) * REPEATING_FRACTION)
  const textRepeats = repeat !== null && at - repeat <= memory
  const isStalled = before.stall !== null
  const unshown = before.unshown + movedIn(sample)
  const { readsAreIdle } = before
  const seen = classifySample(sample, { seconds, textRepeats, readsAreIdle, isStalled, unshown })
  const returning = isStalled ? returningOf(before, sample, seen, context) : { samples: 0, at }
  const hasReturned = !isStalled || seen.isSaid || returning.samples >= RETURN_SAMPLES
  // At a prompt a burst is no more than that.
  const isAnswered = hasReturned || before.stall?.cause !== 'awaiting-input'
  const clocks = clocksOf(before, sample, { seen, limits, seconds, hasReturned, isStalled })
  // A thread may read the keyboard while others work: only a worker without any progress waits for a person.
  const blocked = seen.isProgress && hasReturned ? null : sample.blocked
  const progress: Progress = {
    ...clocks,
    at,
    progress: Math.min(clocks.activity, cycles ? clocks.certain : Math.max(clocks.certain, clocks.status)),
    detached: seen.isDetached,
    printed: bytes > 0 && kind !== 'blink' && isAnswered ? at : before.printed,
    computed: sample.cpuSeconds >= COMPUTE_FRACTION * seconds && isAnswered ? at : before.computed,
    repeat,
    blocked,
    blockedSamples: blocked === null ? 0 : blocked === before.blocked ? before.blockedSamples + 1 : 1,
    unshown: (sample.output.grown ?? 0) > 0 ? 0 : unshown,
    stall: null,
    returning,
  }
  const stall = stallOf(progress, sample, context)
  return { progress: { ...progress, stall }, evidence: seen.source, stall }
}

/** Without what it prints. */
const movedIn = ({ io, output, received }: Sample): number =>
  Math.max(0, io.payload - 4 * output.bytes, received ?? 0)

type Step = {
  readonly seen: Classification
  readonly limits: Limits
  readonly seconds: number
  readonly hasReturned: boolean
  readonly isStalled: boolean
}

type Clocks = Pick<Progress, 'activity' | 'firm' | 'certain' | 'status' | 'worked' | 'readsAreIdle'>

const clocksOf = (before: Progress, sample: Sample, step: Step): Clocks => {
  const { at, received } = sample
  const { seen, limits, hasReturned, isStalled } = step
  const { quietAfter, stuckAfter } = limits
  const returns = isStalled && hasReturned
  const gain = returns ? 1 : seen.gain
  const moved = (clock: number): number =>
    gain === 0 && seen.source !== null
      ? advanced(
          clock,
          at,
          quietAfter,
          step.seconds * Math.min(1, sample.cpuSeconds / workSeconds(step.seconds)),
        )
      : gained(clock, at, quietAfter, gain)
  const isActivity = seen.source !== null && (hasReturned || before.stall?.cause !== 'silent')
  const activity = isActivity ? moved(before.activity) : before.activity
  const firm = isActivity && !seen.isWeak ? moved(before.firm) : before.firm
  const { kind } = sample.output
  const isStatus = (kind === 'status' || kind === 'phrase') && !sample.note
  const advances = seen.isProgress && hasReturned
  const isEarned = seen.earned !== null && !returns && stuckAfter !== null
  const forward = isEarned
    ? advanced(before.certain, at, stuckAfter, seen.earned)
    : gained(before.certain, at, stuckAfter, gain)
  const certain = advances && !isStatus ? forward : before.certain
  const worth = kind === 'phrase' ? PHRASE_FRACTION : 1
  const status = advances && isStatus ? gained(before.status, at, stuckAfter, worth) : before.status
  // Nothing else has been seen for so long, and its sockets have received nothing: these reads are no work.
  const isHousekeeping = received === 0 && quietAfter !== null && at - firm >= quietAfter
  const readsAreIdle = isHousekeeping || (before.readsAreIdle && firm === before.firm)
  const until = Math.max(certain, status)
  const worked = advances && !seen.isTrickle ? workedUntil(before, { ...step, at, until }) : before.worked
  const latest = isHousekeeping ? firm : at
  return {
    activity: Math.min(activity, latest),
    firm,
    certain,
    status,
    worked: Math.min(worked, latest),
    readsAreIdle,
  }
}

type WorkedParts = { readonly at: number; readonly until: number }

const workedUntil = (
  { worked, detached }: Progress,
  { seen, limits, seconds, isStalled, hasReturned, at, until }: Step & WorkedParts,
): number => {
  const { quietAfter } = limits
  const isBurst = seen.source === 'io' && seen.gain < 1
  if (!(seen.isDetached || isBurst) || quietAfter === null || (isStalled && hasReturned)) return until
  if (seen.isDetached && !detached) return worked
  const gain = seen.isDetached ? DETACHED_WORTH * seconds : PROMPT_FRACTION * quietAfter
  return Math.max(worked, Math.min(until, advanced(worked, at, quietAfter, gain)))
}

const stallOf = (progress: Progress, sample: Sample, context: AssessmentContext): Stall | null => {
  const { at, activity, worked, printed, computed, repeat, blocked, blockedSamples } = progress
  const { quietAfter, stuckAfter } = context.limits
  if (blocked !== null && blockedSamples >= CERTAIN_SAMPLES) return { cause: blocked, since: activity }
  if (at < context.allowedUntil) return null
  const idle = Math.max(worked, printed, computed)
  if (quietAfter !== null && sample.listens && at - idle >= quietAfter)
    return { cause: 'awaiting-input', since: idle }
  if (quietAfter !== null && at - activity >= quietAfter) return { cause: 'silent', since: activity }
  if (stuckAfter !== null && activity - progress.progress >= stuckAfter) {
    const isText = repeat !== null && repeat > progress.progress
    const asks = sample.listens && sample.menu === true
    const cause = isText ? (asks ? 'awaiting-input' : 'repeating') : 'spinning'
    return { cause, since: progress.progress }
  }
  return null
}
