/**
 * What a `run` is going to do, from what the person asked and what the last run left. Pure.
 *
 * | asked                   | last run unfinished          | last run finished, or none     |
 * | ----------------------- | ---------------------------- | ------------------------------ |
 * | no command              | go on with its next iteration | the configured one, or refused: no command |
 * | no command, `--fresh`   | the configured one, or its command, from iteration 1 | likewise |
 * | command                 | new, from iteration 1        | new, from iteration 1          |
 * | command, `--resume`     | go on, if it is its command  | new, from iteration 1          |
 * | command, `--force`      | new command, count goes on   | new, from iteration 1          |
 *
 * An iteration that was cut off counts as spent, so the next one has the next number; only when it was the last
 * is it done again, because a run is finished when its last iteration has ended.
 */
import { BEATS_PER_STALE_AFTER } from './defaults.ts'
import { formatDuration } from './duration.ts'
import { errors } from './errors.ts'
import { shellQuote } from './printable.ts'
import type { LockRecord } from './record.ts'
import { DEFAULT_OPTIONS, type RunOptions } from './run-options.ts'

export type RunRequest = {
  readonly name: string
  readonly command: readonly string[] | null
  readonly cwd: string
  /** `undefined`: not given; `null`: no limit. */
  readonly iterations: number | null | undefined
  /** Only the options that were given. */
  readonly options: Partial<RunOptions>
  /** What `engine.yaml` and the environment say. It holds for a new run, where the command line says nothing. */
  readonly configured?: ConfiguredRun
  readonly force: boolean
  readonly resume: boolean
  readonly fresh: boolean
}

export type ConfiguredRun = {
  readonly command: readonly string[] | null
  /** Of that command. */
  readonly cwd: string
  readonly iterations: number | null | undefined
  readonly options: Partial<RunOptions>
}

/** `R`: what is known of the record that it was made from; see session/locked-session.ts. */
export type RunPlan<R extends LockRecord = LockRecord> = {
  readonly command: readonly string[]
  readonly cwd: string
  /** The number of the first iteration to run; `iterations + 1` when there is nothing left to do. */
  readonly first: number
  readonly iterations: number | null
  readonly options: RunOptions
  /** The unfinished run that this one goes on with. */
  readonly continues: R | null
  /** An unfinished run that this one does not go on with. */
  readonly abandons: R | null
}

/** The next iteration of a run, or `null` when it has none left. */
export const nextIteration = (record: LockRecord): number | null => {
  const { iteration, last_iteration: last, shell } = record
  // Only its script knows what comes next.
  if (shell !== null) return null
  const { number, total } = iteration
  if (record.ended?.reason === 'completed') return null
  const wasInterrupted = number > 0 && (last?.iteration !== number || last.result === 'interrupted')
  if (total === null || number < total) return number + 1
  return wasInterrupted ? number : null
}

/** An owner died after its last iteration had ended, before it could say so. */
const onlyEndIsMissing = (record: LockRecord): boolean =>
  record.shell === null &&
  nextIteration(record) === null &&
  (record.ended === null || record.ended.reason === 'owner-died')

/** Whether `run NAME` without a command continues this run. */
export const isContinuable = (record: LockRecord): boolean =>
  nextIteration(record) !== null || onlyEndIsMissing(record)

const sameCommand = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((word, index) => word === b[index])

/** @throws LockError `usage` when the intervals cannot work together. */
export const checkOptions = (options: RunOptions): RunOptions => {
  const max = options.stale_after / BEATS_PER_STALE_AFTER
  // A third of 0.6 is a little less than 0.2.
  if (options.heartbeat_interval > max * (1 + 1e-9)) {
    throw errors.usage(
      `--heartbeat-interval ${formatDuration(options.heartbeat_interval)} is more than a third of --stale-after ${formatDuration(options.stale_after)}`,
      `Use --heartbeat-interval ${Math.floor(max * 1000) / 1000} at most, or a longer --stale-after.`,
    )
  }
  return options
}

/** An interval that was not asked for adapts to a shorter `--stale-after`. */
const withOptions = (base: RunOptions, given: Partial<RunOptions>): RunOptions => {
  const options = { ...base, ...given }
  const interval =
    given.heartbeat_interval ??
    Math.min(options.heartbeat_interval, options.stale_after / BEATS_PER_STALE_AFTER)
  return checkOptions({ ...options, heartbeat_interval: interval })
}

const newRun = <R extends LockRecord>(
  request: RunRequest,
  { command, cwd }: Pick<RunPlan, 'command' | 'cwd'>,
  abandons: R | null,
): RunPlan<R> => {
  const { configured } = request
  return {
    command,
    cwd,
    first: 1,
    iterations: [request.iterations, configured?.iterations, 1].find((count) => count !== undefined) ?? null,
    options: withOptions(DEFAULT_OPTIONS, { ...configured?.options, ...request.options }),
    continues: null,
    abandons,
  }
}

const planCommand = <R extends LockRecord>(
  request: RunRequest,
  command: readonly string[],
  unfinished: R | null,
): RunPlan<R> => {
  const { cwd } = request
  if (request.resume && unfinished !== null && !sameCommand(command, unfinished.command)) {
    throw errors.usage(
      `the unfinished run of ${request.name} has another command: ${shellQuote(unfinished.command)}`,
      'Leave the command out to continue it, or leave --resume out to start this one.',
    )
  }
  const next = unfinished === null ? null : nextIteration(unfinished)
  const isContinued = !request.fresh && (request.resume || request.force)
  return isContinued && unfinished !== null && next !== null
    ? { ...continueRun(request, unfinished, next), command, cwd }
    : newRun(request, { command, cwd }, unfinished)
}

/** @throws LockError `usage` when there is nothing to run, or the options contradict each other. */
export const planRun = <R extends LockRecord>(request: RunRequest, last: R | null): RunPlan<R> => {
  if (request.resume && request.fresh) throw errors.usage('--resume and --fresh exclude each other')
  const next = last === null ? null : nextIteration(last)
  const unfinished = next === null ? null : last
  if (request.command !== null) return planCommand(request, request.command, unfinished)

  const { configured } = request
  const startsConfigured = request.fresh || last === null || (next === null && !onlyEndIsMissing(last))
  if (startsConfigured && configured?.command)
    return newRun(request, { command: configured.command, cwd: configured.cwd }, unfinished)
  if (last === null || last.shell !== null) throw errors.noCommand(request.name)
  if (request.fresh) {
    return {
      ...continueRun(request, last, 1),
      continues: null,
      abandons: unfinished,
      iterations: request.iterations === undefined ? last.iteration.total : request.iterations,
    }
  }
  if (next !== null) return continueRun(request, last, next)
  if (onlyEndIsMissing(last)) return continueRun(request, last, last.iteration.number + 1)
  throw errors.noCommand(request.name)
}

const continueRun = <R extends LockRecord>(request: RunRequest, record: R, first: number): RunPlan<R> => {
  const total = request.iterations === undefined ? record.iteration.total : request.iterations
  const nothingLeft = nextIteration(record) === null
  return {
    command: record.command,
    cwd: record.cwd,
    first,
    iterations: total === null || nothingLeft ? total : Math.max(total, first),
    options: withOptions(record.options, request.options),
    continues: record,
    abandons: null,
  }
}
