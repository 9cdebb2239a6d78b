/**
 * What follows after an iteration. Pure: time and chance come in.
 *
 * The first line that applies decides:
 *
 * | after an iteration                                          | the run                                    |
 * | ----------------------------------------------------------- | ------------------------------------------ |
 * | `--until-output` was seen, or `--until` exited with 0       | ends: completed, 0                         |
 * | `--until` cannot be run (126, 127)                          | ends: failed, that code                    |
 * | a stop was asked for                                        | ends as the stop says                      |
 * | `--max-unchanged` iterations in a row changed nothing       | ends: failed, 81                           |
 * | as many quick ones in a row printed the same text           | ends: failed, 81                           |
 * | `--max-failures` in a row                                   | ends: failed, the iteration's code         |
 * | it was the last one                                         | ends: completed, the iteration's code      |
 * | no other may begin before `--for` or `--until-time` is over | ends: completed, the iteration's code      |
 * | the worker said `--retry-at`                                | goes on then                               |
 * | it failed, and there is `--backoff`, or its code was 75     | goes on after a pause that doubles         |
 * | otherwise                                                   | goes on after `--delay`                    |
 *
 * How the counters move:
 *
 * | iteration                         | failures | excused | unchanged                | repetition             |
 * | --------------------------------- | -------- | ------- | ------------------------ | ---------------------- |
 * | ended well                        | 0        | 0       | 0 if it changed, else +1 | see {@link repeated}   |
 * | failed, was killed, ran too long  | +1       | kept    | 0 if it changed, else +1 | see {@link repeated}   |
 * | exit code 75, for 24 h at most    | +1       | +1      | 0 if it changed          | kept                   |
 * | was interrupted                   | kept     | kept    | 0 if it changed          | kept                   |
 *
 * An iteration that says "try again later" waits for somebody else, and one that a person has ended says nothing about
 * the command: neither is a step to nowhere.
 */

import { formatDuration } from '../duration.ts'
import { EXIT_CODES } from '../errors.ts'
import { median } from '../median.ts'
import type { EndReason, IterationResult } from '../record.ts'
import { backoffSeconds, DEFAULT_RETRY_BACKOFF } from './backoff.ts'
import { brakeSeconds } from './brake.ts'
import { type Changed, hasChanged } from './changed.ts'
import { type LoopState, MAX_DURATIONS, type Repetition } from './state.ts'
import type { Backoff } from './times.ts'

/** sysexits.h: the worker says that the same may succeed later. */
export const TRY_AGAIN_LATER = EXIT_CODES.held

/** So long exit code 75 does not count for `--max-failures`. */
const MAX_EXCUSED_SECONDS = 86_400

/** An iteration is quick when it takes less than this share of the usual time. */
const QUICK_SHARE = 0.1

export type LoopOptions = {
  readonly delay: number
  readonly max_failures: number | null
  readonly until_output: string | null
  readonly for: number | null
  readonly until_time: string | null
  readonly max_unchanged: number | null
  readonly backoff: Backoff | null
}

export type Outcome = {
  readonly result: IterationResult
  /** As a shell reports it. */
  readonly exitCode: number
  readonly durationSeconds: number
  /** `null`: not looked at, or it could not be seen. */
  readonly changed: Changed | null
  /** A digest of what it printed; `null` when that is not kept, or nothing. */
  readonly text: string | null
}

/** What `--until` said: `unusable` is a command that cannot be run. */
export type UntilAnswer =
  | { readonly kind: 'not-asked' | 'no' | 'yes' }
  | { readonly kind: 'unusable'; readonly exitCode: number; readonly why: string }

export type RunEnd = {
  readonly reason: EndReason
  readonly exitCode: number
  /** Which rule ended the run; `null` when the reason says all. */
  readonly detail: string | null
  /** See `Ended` in record.ts. */
  readonly signal?: string
}

export type Facts = {
  readonly outcome: Outcome
  readonly outputSeen: boolean
  readonly until: UntilAnswer
  /** The end that somebody has asked for. */
  readonly stopped: RunEnd | null
  readonly isLast: boolean
  /** Failed iterations in a row, this one included; also those that do not count for `--max-failures`. */
  readonly failures: number
  /** Unix seconds. */
  readonly now: number
  /** What the worker said with `lock.sh progress --retry-at`: Unix seconds, and why. */
  readonly retry: { readonly at: number; readonly note: string } | null
  /** 0 to 1. */
  readonly random: number
}

export type Step =
  | { readonly kind: 'end'; readonly end: RunEnd }
  | { readonly kind: 'go-on'; readonly waitSeconds: number; readonly why: string | null }

export type Decision = { readonly step: Step; readonly state: LoopState }

/** Failed iterations in a row: one that somebody has ended by hand says nothing about the command. */
export const failuresAfter = (result: IterationResult, before: number): number => {
  if (result === 'ok') return 0
  return result === 'interrupted' ? before : before + 1
}

const isFailure = (result: IterationResult): boolean => result !== 'ok' && result !== 'interrupted'

const isExcused = ({ outcome, now }: Facts, { excused_since_epoch: since }: LoopState): boolean =>
  isFailure(outcome.result) &&
  outcome.exitCode === TRY_AGAIN_LATER &&
  (since === null || now - since < MAX_EXCUSED_SECONDS)

/** Only beside a usual time is an iteration quick, and only text that is there can be the same. */
const repeated = (outcome: Outcome, state: LoopState): Repetition | null => {
  const usual = median(state.durations)
  const { text, exitCode } = outcome
  if (text === null || usual === null || outcome.durationSeconds >= usual * QUICK_SHARE) return null
  const before = state.repetition
  const isSame = before !== null && before.text === text && before.exit_code === exitCode
  return { count: isSame ? before.count + 1 : 1, exit_code: exitCode, text }
}

const unchangedAfter = (before: number, changed: Changed | null, counts: boolean): number => {
  if (changed !== null && hasChanged(changed)) return 0
  return changed !== null && counts ? before + 1 : before
}

const stateAfter = (facts: Facts, state: LoopState): LoopState => {
  const { outcome } = facts
  const excused = isExcused(facts, state)
  const says = !excused && outcome.result !== 'interrupted'
  const repetition = says ? repeated(outcome, state) : state.repetition
  const isUsual = says && repetition === null
  const next = {
    ...state,
    unchanged: unchangedAfter(state.unchanged, outcome.changed, says),
    repetition,
    durations: isUsual
      ? [...state.durations, outcome.durationSeconds].slice(-MAX_DURATIONS)
      : state.durations,
    next_epoch: null,
    next_reason: null,
  }
  if (outcome.result === 'ok') return { ...next, excused: 0, excused_since_epoch: null }
  if (!excused) return next
  const since = state.excused_since_epoch ?? facts.now
  return { ...next, excused: state.excused + 1, excused_since_epoch: since }
}

const nowhere = (options: LoopOptions, { unchanged, repetition, durations }: LoopState): RunEnd | null => {
  const { max_unchanged: most } = options
  if (most === null) return null
  const end = (detail: string): RunEnd => ({ reason: 'failed', exitCode: EXIT_CODES.nowhere, detail })
  const inARow = (count: number): string => (count === 1 ? '1 iteration' : `${count} iterations in a row`)
  if (unchanged >= most) return end(`${inARow(unchanged)} changed nothing (--max-unchanged ${most})`)
  if (repetition === null || repetition.count < most) return null
  return end(
    `${inARow(repetition.count)} printed the same text and ended with exit code ${repetition.exit_code}, each in less than a tenth of the usual ${formatDuration(median(durations) ?? 0)} (--max-unchanged ${most})`,
  )
}

const tooManyFailures = (
  { outcome, failures }: Facts,
  { max_failures: most }: LoopOptions,
  { excused }: LoopState,
): RunEnd | null => {
  const counted = failures - excused
  if (!isFailure(outcome.result) || most === null || counted < most) return null
  const detail = counted > 1 ? `${counted} failures in a row (--max-failures ${most})` : null
  return { reason: 'failed', exitCode: outcome.exitCode, detail }
}

const untilEnd = ({ outputSeen, until }: Facts, { until_output: text }: LoopOptions): RunEnd | null => {
  const done = (detail: string): RunEnd => ({ reason: 'completed', exitCode: 0, detail })
  if (outputSeen) return done(`--until-output ${JSON.stringify(text)} was printed`)
  if (until.kind === 'yes') return done('--until exited with 0')
  return until.kind === 'unusable' ? { reason: 'failed', exitCode: until.exitCode, detail: until.why } : null
}

const waitAfter = (facts: Facts, options: LoopOptions): Step & { kind: 'go-on' } => {
  const { outcome, failures, retry, now, random } = facts
  const { delay, backoff } = options
  if (retry !== null && retry.at > now) {
    const why = retry.note === '' ? 'the worker asked for it' : `the worker says: ${retry.note}`
    return { kind: 'go-on', waitSeconds: Math.max(delay, retry.at - now), why }
  }
  if (!isFailure(outcome.result)) return { kind: 'go-on', waitSeconds: delay, why: null }
  const inARow = failures === 1 ? '1 failure' : `${failures} failures in a row`
  const why = outcome.exitCode === TRY_AGAIN_LATER ? `${inARow}; exit code 75: try again later` : inARow
  if (backoff !== null) return { kind: 'go-on', waitSeconds: backoffSeconds(backoff, failures, random), why }
  if (outcome.exitCode !== TRY_AGAIN_LATER) {
    const brake = delay === 0 ? brakeSeconds(outcome.durationSeconds, failures) : 0
    return {
      kind: 'go-on',
      waitSeconds: delay + brake,
      why: brake === 0 ? null : `${inARow}, the last at once`,
    }
  }
  return {
    kind: 'go-on',
    waitSeconds: Math.max(delay, backoffSeconds(DEFAULT_RETRY_BACKOFF, failures, random)),
    why,
  }
}

/** Which of the two it was: a deadline that is kept over a resume says only when. */
const deadlineWords = ({ for: span, until_time: clock }: LoopOptions): string => {
  if (span === null) return `--until-time ${clock} is over`
  return clock === null
    ? `--for ${formatDuration(span)} is over`
    : `--for ${formatDuration(span)} or --until-time ${clock} is over`
}

/** Whether a deadline leaves no time for another iteration. @param begins Unix seconds */
export const isOverAt = ({ deadline_epoch: deadline }: LoopState, begins: number): boolean =>
  deadline !== null && begins >= deadline

/** The end of a run whose time is over. @param exitCode of its last iteration; 0 when there was none */
export const timeIsOver = (options: LoopOptions, exitCode: number): RunEnd => ({
  reason: 'completed',
  exitCode,
  detail: deadlineWords(options),
})

export const decide = (facts: Facts, options: LoopOptions, before: LoopState): Decision => {
  const { outcome, stopped, isLast, now } = facts
  const state = stateAfter(facts, before)
  const wait = waitAfter(facts, options)
  const completed: RunEnd = { reason: 'completed', exitCode: outcome.exitCode, detail: null }
  const end =
    untilEnd(facts, options) ??
    stopped ??
    nowhere(options, state) ??
    tooManyFailures(facts, options, state) ??
    (isLast ? completed : null) ??
    (isOverAt(state, now + wait.waitSeconds) ? timeIsOver(options, outcome.exitCode) : null)
  if (end !== null) return { step: { kind: 'end', end }, state }
  if (wait.waitSeconds === 0) return { step: wait, state }
  return { step: wait, state: { ...state, next_epoch: now + wait.waitSeconds, next_reason: wait.why } }
}
