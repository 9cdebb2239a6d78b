/** How an iteration has ended, and what of it becomes history. */
import type { IterationEntry } from '../core/history.ts'
import type { Changed } from '../core/loop/changed.ts'
import type { ProcessExit } from '../core/ports.ts'
import type { IterationResult, LastIteration, LockRecord, StallCause } from '../core/record.ts'
import type { OutputSizes } from './recording.ts'
import { exitCodeOf } from './stop-request.ts'

/** How the worker itself has ended. */
export type WorkerEnd = {
  readonly result: IterationResult
  /** What a shell would report: 124 for a time-out, 128 + n for a signal. */
  readonly exitCode: number
  /** The worker's own exit code; `null` when a signal ended it. */
  readonly workerExitCode: number | null
  readonly signal: string | null
}

export type IterationEnd = WorkerEnd & {
  /** What of it was on the disk in time; `null` when nothing is kept. */
  readonly output: OutputSizes | null
  /** Processes that the command left in the background. */
  readonly leftRunning: number
  /** The kernel has ended the worker, or a process of it, for memory. */
  readonly oom: boolean
  /** The path of the bundle that a time-out or a hang leaves. */
  readonly incident: string | null
  /** What it was ended for by `--on-hung`; `null` when it was not. */
  readonly hung: StallCause | null
}

export const TIMEOUT_EXIT_CODE = 124

/** A kill is never a success, and an exit code that is missing is not 0. */
const shellCodeOf = ({ exitCode, signal }: ProcessExit): number =>
  signal === null ? (exitCode ?? 1) : exitCodeOf(signal)

const resultOfExit = (exit: ProcessExit): IterationResult => {
  if (shellCodeOf(exit) === 0) return 'ok'
  return exit.signal === null ? 'failed' : 'killed'
}

/** As a shell reports it. A worker that was ended for a hang has failed, also when it says 0 to that. */
const exitCodeFor = (result: IterationResult, exit: ProcessExit): number => {
  if (result === 'timeout') return TIMEOUT_EXIT_CODE
  const code = shellCodeOf(exit)
  return result === 'failed' && code === 0 ? 1 : code
}

/** @param result when something else than the worker decides it */
export const workerEnd = (exit: ProcessExit, result: IterationResult = resultOfExit(exit)): WorkerEnd => ({
  result,
  exitCode: exitCodeFor(result, exit),
  workerExitCode: exit.exitCode,
  signal: exit.signal,
})

/** Seconds, no finer than anybody measures them. */
const milliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000

export const iterationEntry = (
  record: LockRecord,
  last: IterationEnd,
  changed: Changed | null,
  endedEpoch: number,
): IterationEntry => {
  const { generation, iteration, watch } = record
  const started = iteration.started_epoch ?? endedEpoch
  return {
    kind: 'iteration',
    generation,
    iteration: iteration.number,
    started_epoch: started,
    duration: milliseconds(Math.max(0, endedEpoch - started)),
    result: last.result,
    exit_code: last.workerExitCode,
    signal: last.signal,
    beats: watch?.beats ?? 0,
    longest_quiet: milliseconds(watch?.longest_quiet ?? 0),
    output_bytes: last.output?.bytes ?? 0,
    output_lost: last.output?.lost ?? 0,
    left_running: last.leftRunning,
    incident: last.incident,
    changed,
    ...(last.oom ? { oom: true as const } : {}),
  }
}

/** For the record. */
export const lastIteration = (
  { generation, iteration }: LockRecord,
  last: WorkerEnd,
  endedEpoch: number,
): LastIteration => ({
  generation,
  iteration: iteration.number,
  result: last.result,
  exit_code: last.workerExitCode,
  signal: last.signal,
  ended_epoch: endedEpoch,
})

/** Of an iteration that an earlier run has done. */
export const shellCodeOfLast = ({ result, exit_code, signal }: LastIteration): number =>
  exitCodeFor(result, { exitCode: exit_code, signal })
