/** What a loop remembers from one iteration to the next: the record's field `loop`, and so also what a resumed run knows. Pure. */
import { isCount, isObject, isSeconds, isText } from '../checks.ts'
import { nextClockTime } from './times.ts'

/** Quick iterations in a row that printed the same text and ended with the same exit code. */
export type Repetition = {
  readonly count: number
  readonly exit_code: number
  /** A digest of the text. */
  readonly text: string
}

export type LoopState = {
  /** Unix seconds; no iteration begins from then on. Computed when the run first started. */
  readonly deadline_epoch: number | null
  /** Iterations in a row that changed nothing, up to now. */
  readonly unchanged: number
  /** Of the failures in a row: those that asked to be tried again later, and do not count for `--max-failures`. */
  readonly excused: number
  /** Unix seconds; when the first of them ended. */
  readonly excused_since_epoch: number | null
  /** Unix seconds; while the run waits: when the next iteration begins. */
  readonly next_epoch: number | null
  /** Why it waits longer than `--delay`, in words. */
  readonly next_reason: string | null
  readonly repetition: Repetition | null
  /** Seconds; of the last iterations that were no quick repetition, oldest first. */
  readonly durations: readonly number[]
}

export const NEW_LOOP: LoopState = {
  deadline_epoch: null,
  unchanged: 0,
  excused: 0,
  excused_since_epoch: null,
  next_epoch: null,
  next_reason: null,
  repetition: null,
  durations: [],
}

/** How many durations are remembered. */
export const MAX_DURATIONS = 21

type TimeOptions = { readonly for: number | null; readonly until_time: string | null }

/** @param started Unix seconds @returns the earlier one of `--for` and `--until-time` */
export const deadlineOf = (options: TimeOptions, started: number): number | null => {
  const ends = [
    ...(options.for === null ? [] : [started + options.for]),
    ...(options.until_time === null ? [] : [nextClockTime(options.until_time, started)]),
  ]
  return ends.length === 0 ? null : Math.min(...ends)
}

const isCountIfThere = (v: unknown): boolean => v === undefined || isCount(v)
const isSecondsOrNull = (v: unknown): boolean => v === undefined || v === null || isSeconds(v)

const isRepetition = (v: unknown): boolean =>
  v === undefined || v === null || (isObject(v) && isCount(v.count) && isCount(v.exit_code) && isText(v.text))

/** Of the field in a record's file; what it lacks is as in {@link NEW_LOOP}. */
export const isLoopState = (v: unknown): v is Partial<LoopState> =>
  isObject(v) &&
  isSecondsOrNull(v.deadline_epoch) &&
  isCountIfThere(v.unchanged) &&
  isCountIfThere(v.excused) &&
  isSecondsOrNull(v.excused_since_epoch) &&
  isSecondsOrNull(v.next_epoch) &&
  (v.next_reason === undefined || v.next_reason === null || isText(v.next_reason)) &&
  isRepetition(v.repetition) &&
  (v.durations === undefined || (Array.isArray(v.durations) && v.durations.every(isSeconds)))

/** Of a run that goes on: who starts it again after it had failed has looked at it, so the counting begins anew. */
const resumedLoop = (before: LoopState, hadFailed: boolean): LoopState => ({
  ...before,
  next_epoch: null,
  next_reason: null,
  ...(hadFailed ? { unchanged: 0, excused: 0, excused_since_epoch: null, repetition: null } : {}),
})

type FirstLoop = {
  readonly options: TimeOptions
  /** The options that were given for this run. */
  readonly given: Partial<TimeOptions>
  /** What the run that this one goes on with had counted; `null` when it goes on with none. */
  readonly before: LoopState | null
  readonly hadFailed: boolean
  /** Unix seconds. */
  readonly now: number
}

/** At the start of a run. A deadline holds over a resume, unless another one is asked for. */
export const firstLoop = ({ options, given, before, hadFailed, now }: FirstLoop): LoopState => {
  const isAsked = given.for !== undefined || given.until_time !== undefined
  if (before === null) return { ...NEW_LOOP, deadline_epoch: deadlineOf(options, now) }
  const resumed = resumedLoop(before, hadFailed)
  return isAsked ? { ...resumed, deadline_epoch: deadlineOf(options, now) } : resumed
}
