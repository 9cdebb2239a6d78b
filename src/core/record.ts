/**
 * The record: what the owner (or, while it lives, its refresher) says about a session. Types only; record-file.ts has
 * its form in `NAME.json`.
 *
 * Epochs are Unix seconds, durations are seconds, `monotonic` is the system's monotonic clock in seconds.
 */
import type { LoopState } from './loop/state.ts'
import type { Place } from './places.ts'
import type { RunOptions } from './run-options.ts'

export const FORMAT = 1

export const PHASES = ['starting', 'running', 'waiting', 'stopping', 'ended'] as const
export type Phase = (typeof PHASES)[number]

export const END_REASONS = ['completed', 'failed', 'interrupted', 'superseded', 'owner-died'] as const
export type EndReason = (typeof END_REASONS)[number]

export const RESULTS = ['ok', 'failed', 'killed', 'timeout', 'interrupted'] as const
export type IterationResult = (typeof RESULTS)[number]

/** Where `pid_started` comes from: clock ticks since boot in /proc, or Unix seconds from ps(1). */
export const START_CLOCKS = ['boot-ticks', 'epoch-seconds'] as const
export type StartClock = (typeof START_CLOCKS)[number]

export const EVIDENCE_SOURCES = ['start', 'alive', 'note', 'output', 'io', 'cpu'] as const
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number]

/** Why a refresher stops beating. */
export const STALL_CAUSES = ['silent', 'repeating', 'spinning', 'stopped', 'awaiting-input'] as const
export type StallCause = (typeof STALL_CAUSES)[number]

export type ProcessReference = { readonly pid: number; readonly pid_started: number }
export type Evidence = { readonly source: EvidenceSource; readonly epoch: number }
export type TmuxTarget = {
  readonly socket: string
  readonly session: string
  readonly pane: string
  readonly server_pid: number
  /** `false` when the worker only reads there, and its output goes elsewhere: then the screen is somebody else's. */
  readonly shows_output?: boolean
}
export type Ended = {
  readonly epoch: number
  readonly reason: EndReason
  readonly exit_code: number | null
  /**
   * The signal that ended it, when nobody has asked for the end through this program: a shutdown, a log-out, a pane that
   * was closed.
   */
  readonly signal?: string
  /** Which rule ended the run, where the reason does not say all. */
  readonly detail?: string
  /** Set when `reap` has cleared away what a dead owner left. */
  readonly reaped_epoch?: number
}
export type LastIteration = {
  /** The run that it was in: not this one when this one does it again. */
  readonly generation: number
  readonly iteration: number
  readonly result: IterationResult
  readonly exit_code: number | null
  readonly signal: string | null
  readonly ended_epoch: number
}

/** When a source was last active, and how much of it there has been in this iteration. */
export type LastSeen = { readonly monotonic: number; readonly value: number }

/**
 * What the refresher has seen of this iteration. Times are of the monotonic clock; `value` is notes, bytes (`output`,
 * `repeat`, `io`) or seconds (`cpu`).
 */
export type Activity = {
  readonly activity: number
  readonly progress: number
  readonly sources: {
    readonly note: LastSeen | null
    /** Text that was new. */
    readonly output: LastSeen | null
    /** Text that was not. */
    readonly repeat: LastSeen | null
    readonly io: LastSeen | null
    readonly cpu: LastSeen | null
  }
  /** Why there are no beats any more; `null` while there are. */
  readonly stall: Stall | null
  readonly beats: number
  /** Seconds without any activity, at the most. */
  readonly longest_quiet: number
  /** How much was seen, over the last minutes. Records of earlier versions lack it. */
  readonly series?: ActivitySeries
  /** Unix seconds: what the worker asked of a person until then is over. */
  readonly attention_over?: number
}

/** `since` of the monotonic clock. */
export type Stall = {
  readonly cause: StallCause
  readonly since: number
  /** In words, what the worker waits for, as in `cat (pid 7) waits in a read of its standard input (a pipe)`. */
  readonly waits_for?: string
}

/** For a sparkline: the strongest activity in each of the last stretches of time, the oldest first. */
export type ActivitySeries = {
  /** Seconds in each. */
  readonly bucket: number
  /** When the last one began, of the monotonic clock. */
  readonly last: number
  /** From 0 for nothing to 8 for a note; at most 30 of them. */
  readonly levels: readonly number[]
}

/** The process that holds the session. */
export type OwnerProcess = ProcessReference & {
  /** The unit of every `pid_started` in this record. */
  readonly started_clock: StartClock
  readonly boot_id: string
  /** `null` where the system has no PID namespaces. */
  readonly pid_namespace: string | null
  readonly host: string
  readonly user: string
}

/** Of a session whose owner is a bash script that has sourced lock.sh. */
export type ShellOwner = {
  /** As the shell names it. */
  readonly script: string
  /** The process that runs the iteration of now for it; `null` between two iterations. */
  readonly supervisor: ProcessReference | null
  /** Lives as long as the shell, and does what is to be done when that has died. */
  readonly sentinel: ProcessReference | null
}

/** The last beat, and what it promises. */
export type Beat = {
  readonly epoch: number
  readonly monotonic: number
  /** What this very write promises: the next beat comes within these seconds. */
  readonly stale_after: number
  readonly interval: number
}

/** Where the run is. */
export type Position = {
  /** 0 before the first iteration. */
  readonly number: number
  /** `null` for no limit. */
  readonly total: number | null
  readonly started_epoch: number | null
}

export type LockRecord = {
  readonly format: typeof FORMAT
  readonly session: string
  readonly generation: number
  readonly phase: Phase
  readonly owner: OwnerProcess
  /** `null` when the owner is the engine. */
  readonly shell: ShellOwner | null
  readonly cwd: string
  readonly command: readonly string[]
  readonly cookie: string
  readonly options: RunOptions
  readonly started_epoch: number
  readonly heartbeat: Beat
  readonly evidence: Evidence | null
  readonly iteration: Position
  /** Failed iterations in a row, up to now. */
  readonly failures: number
  readonly last_iteration: LastIteration | null
  /** What its rules have counted. */
  readonly loop: LoopState
  readonly worker: ProcessReference | null
  /** Descendants of the worker that the refresher has seen, and that lived at its last beat. */
  readonly members: readonly ProcessReference[]
  /** The run's control group, in which each iteration's worker has one of its own; `null` where there are none. */
  readonly cgroup: string | null
  /** What it takes of the limits on sessions that run at once. */
  readonly places: readonly Place[]
  readonly refresher: ProcessReference | null
  /** `null` before the refresher's first sample. */
  readonly watch: Activity | null
  /** Bytes of this run's output that could not be written, as on a full disk. */
  readonly output_lost: number
  readonly tmux: TmuxTarget | null
  readonly ended: Ended | null
}
