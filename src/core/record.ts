/**
 * The record `NAME.json`: what the owner (or, while it lives, its refresher) says about a session.
 *
 * Pure. `encodeRecord` and `parseRecord` are inverse on valid records; `parseRecord` validates everything,
 * ignores fields that it does not know, and calls a record of a newer format `newer`, never `corrupt`.
 * Epochs are Unix seconds, durations are seconds, `heartbeat_monotonic` is the system's monotonic clock in
 * seconds, `pid_started` is in the unit that `pid_started_clock` names.
 */
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
}
export type Ended = {
  readonly epoch: number
  readonly reason: EndReason
  readonly exit_code: number | null
  /** Set when `reap` has cleared away what a dead owner left. */
  readonly reaped_epoch?: number
}
export type LastIteration = {
  /** The run that it was in: not this one when this one does it again. Records of the first days lack it. */
  readonly generation?: number
  readonly iteration: number
  readonly result: IterationResult
  readonly exit_code: number | null
  readonly signal: string | null
  readonly ended_epoch: number
}

/** The last time that a source has shown something, and how much of it there has been in this iteration. */
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
  readonly stall: { readonly cause: StallCause; readonly since: number } | null
  readonly beats: number
  /** Seconds without any activity, at the most. */
  readonly longest_quiet: number
}

/** What `--resume` needs to go on the same way. `null` is "off" or "no limit". */
export type RunOptions = {
  readonly delay: number
  readonly timeout: number | null
  readonly max_failures: number | null
  readonly stale_after: number
  readonly heartbeat_interval: number
  readonly quiet_after: number | null
  readonly stuck_after: number | null
  readonly grace: number
  readonly log_limit: number
  readonly keep: number
}

export type LockRecord = {
  readonly format: typeof FORMAT
  readonly session: string
  readonly generation: number
  readonly phase: Phase
  readonly pid: number
  readonly pid_started: number
  readonly pid_started_clock: StartClock
  readonly boot_id: string
  readonly pid_namespace: string | null
  readonly host: string
  readonly user: string
  readonly cwd: string
  readonly command: readonly string[]
  readonly cookie: string
  readonly options: RunOptions
  readonly started_epoch: number
  readonly heartbeat_epoch: number
  readonly heartbeat_monotonic: number
  /** What this very write promises: the next beat comes within these seconds. */
  readonly stale_after: number
  readonly heartbeat_interval: number
  readonly evidence: Evidence | null
  /** 0 before the first iteration. */
  readonly iteration: number
  /** `null` for no limit. */
  readonly iterations: number | null
  readonly iteration_started_epoch: number | null
  /** Failed iterations in a row, up to now. */
  readonly failures: number
  readonly last_iteration: LastIteration | null
  readonly worker: ProcessReference | null
  /** Descendants of the worker that the refresher has seen, and that lived at its last beat. */
  readonly members: readonly ProcessReference[]
  /** The run's control group, in which each iteration's worker has one of its own; `null` where there are none. */
  readonly cgroup: string | null
  readonly refresher: ProcessReference | null
  /** `null` before the refresher's first sample. */
  readonly watch: Activity | null
  /** Bytes of this run's output that could not be written, as on a full disk. */
  readonly output_lost: number
  readonly tmux: TmuxTarget | null
  readonly ended: Ended | null
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: LockRecord }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'corrupt'; readonly reason: string }

export const encodeRecord = (record: LockRecord): string => `${JSON.stringify(record, null, 1)}\n`

type Fields = Readonly<Record<string, unknown>>

const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v)
const isText = (v: unknown): boolean => typeof v === 'string'
const isFilled = (v: unknown): boolean => typeof v === 'string' && v !== ''
const isSeconds = (v: unknown): boolean => typeof v === 'number' && v >= 0 && v < Number.POSITIVE_INFINITY
const isPositive = (v: unknown): boolean => isSeconds(v) && v !== 0
/** Counts stay exact when they grow: nobody comes near this by counting. */
const MAX_COUNT = 1e15
const isCount = (v: unknown): boolean =>
  Number.isInteger(v) && (v as number) >= 0 && (v as number) < MAX_COUNT
const isNatural = (v: unknown): boolean => isCount(v) && v !== 0
const isPid = (v: unknown): boolean => isNatural(v) && (v as number) < 2 ** 31
const isExitCode = (v: unknown): boolean => isCount(v) && (v as number) < 256
const isOneOf = (choices: readonly string[], v: unknown): boolean => choices.includes(v as string)
/** A NUL ends a word for every system call: no command that ran can have had one. */
const isNulFree = (v: unknown): boolean => typeof v === 'string' && !v.includes('\0')
const isCommand = (v: unknown): boolean => Array.isArray(v) && v.length > 0 && v.every(isNulFree)

const isProcess = (v: unknown): boolean => isObject(v) && isPid(v.pid) && isSeconds(v.pid_started)

const areProcesses = (v: unknown): boolean => v === undefined || (Array.isArray(v) && v.every(isProcess))

const isEvidence = (v: unknown): boolean => isObject(v) && isText(v.source) && isSeconds(v.epoch)

const isLastSeen = (v: unknown): boolean =>
  v === null || (isObject(v) && isSeconds(v.monotonic) && isSeconds(v.value))

const isStall = (v: unknown): boolean =>
  v === null || (isObject(v) && isOneOf(STALL_CAUSES, v.cause) && isSeconds(v.since))

const isActivity = (v: unknown): boolean =>
  isObject(v) &&
  isSeconds(v.activity) &&
  isSeconds(v.progress) &&
  isObject(v.sources) &&
  isLastSeen(v.sources.note) &&
  isLastSeen(v.sources.output) &&
  isLastSeen(v.sources.repeat) &&
  isLastSeen(v.sources.io) &&
  isLastSeen(v.sources.cpu) &&
  isStall(v.stall) &&
  isCount(v.beats) &&
  isSeconds(v.longest_quiet)

const isTmuxTarget = (v: unknown): boolean =>
  isObject(v) && isFilled(v.socket) && isFilled(v.session) && isFilled(v.pane) && isPid(v.server_pid)

const isEnded = (v: unknown): boolean =>
  isObject(v) &&
  isSeconds(v.epoch) &&
  isOneOf(END_REASONS, v.reason) &&
  (v.exit_code === null || isExitCode(v.exit_code)) &&
  (v.reaped_epoch === undefined || isSeconds(v.reaped_epoch))

const isLastIteration = (v: unknown): boolean =>
  isObject(v) &&
  (v.generation === undefined || isNatural(v.generation)) &&
  isNatural(v.iteration) &&
  isOneOf(RESULTS, v.result) &&
  (v.exit_code === null || isExitCode(v.exit_code)) &&
  (v.signal === null || isFilled(v.signal)) &&
  isSeconds(v.ended_epoch)

const isRunOptions = (v: unknown): boolean =>
  isObject(v) &&
  isSeconds(v.delay) &&
  (v.timeout === null || isPositive(v.timeout)) &&
  (v.max_failures === null || isNatural(v.max_failures)) &&
  isPositive(v.stale_after) &&
  isPositive(v.heartbeat_interval) &&
  (v.quiet_after === null || isPositive(v.quiet_after)) &&
  (v.stuck_after === null || isPositive(v.stuck_after)) &&
  isSeconds(v.grace) &&
  isPositive(v.log_limit) &&
  isNatural(v.keep)

/**
 * The first field that is missing or wrong.
 *
 * Written out, and not as a table of checks: a list of a thousand sessions calls this a thousand times before the
 * JIT has woken up, and the table took five times as long.
 */
const wrongField = (r: Fields): keyof LockRecord | null => {
  if (!isFilled(r.session)) return 'session'
  if (!isNatural(r.generation)) return 'generation'
  if (!isOneOf(PHASES, r.phase)) return 'phase'
  if (!isPid(r.pid)) return 'pid'
  if (!isSeconds(r.pid_started)) return 'pid_started'
  if (!isOneOf(START_CLOCKS, r.pid_started_clock)) return 'pid_started_clock'
  if (!isFilled(r.boot_id)) return 'boot_id'
  if (r.pid_namespace !== null && !isFilled(r.pid_namespace)) return 'pid_namespace'
  if (!isText(r.host)) return 'host'
  if (!isText(r.user)) return 'user'
  if (!isFilled(r.cwd) || !isNulFree(r.cwd)) return 'cwd'
  if (!isCommand(r.command)) return 'command'
  if (!isFilled(r.cookie)) return 'cookie'
  if (!isRunOptions(r.options)) return 'options'
  if (!isSeconds(r.started_epoch)) return 'started_epoch'
  if (!isSeconds(r.heartbeat_epoch)) return 'heartbeat_epoch'
  if (!isSeconds(r.heartbeat_monotonic)) return 'heartbeat_monotonic'
  if (!isPositive(r.stale_after)) return 'stale_after'
  if (!isPositive(r.heartbeat_interval)) return 'heartbeat_interval'
  if (r.evidence !== null && !isEvidence(r.evidence)) return 'evidence'
  if (!isCount(r.iteration)) return 'iteration'
  if (r.iterations !== null && !isNatural(r.iterations)) return 'iterations'
  if (r.iteration_started_epoch !== null && !isSeconds(r.iteration_started_epoch))
    return 'iteration_started_epoch'
  if (!isCount(r.failures)) return 'failures'
  if (r.last_iteration !== null && !isLastIteration(r.last_iteration)) return 'last_iteration'
  if (r.worker !== null && !isProcess(r.worker)) return 'worker'
  if (!areProcesses(r.members)) return 'members'
  if (r.cgroup != null && !(isFilled(r.cgroup) && isNulFree(r.cgroup))) return 'cgroup'
  if (r.refresher !== null && !isProcess(r.refresher)) return 'refresher'
  if (r.watch != null && !isActivity(r.watch)) return 'watch'
  if (r.output_lost !== undefined && !isCount(r.output_lost)) return 'output_lost'
  if (r.tmux !== null && !isTmuxTarget(r.tmux)) return 'tmux'
  if (r.ended !== null && !isEnded(r.ended)) return 'ended'
  return null
}

const ADDED_SINCE = { members: [], cgroup: null, watch: null, output_lost: 0 } satisfies Partial<LockRecord>

const corrupt = (reason: string): ParsedRecord => ({ kind: 'corrupt', reason })

/** Never throws: whatever the text is, the answer is a record, `newer` or `corrupt` with a reason. */
export const parseRecord = (content: string, session: string): ParsedRecord => {
  if (content.trim() === '') return corrupt('the record is empty')
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    return corrupt('the record is not JSON')
  }
  if (!isObject(value)) return corrupt('the record is not a JSON object')
  const { format } = value
  if (!Number.isSafeInteger(format) || (format as number) < 1)
    return corrupt('the record has no format number')
  if ((format as number) > FORMAT) return { kind: 'newer', format: format as number }

  const wrong = wrongField(value)
  if (wrong !== null) {
    return corrupt(`field "${wrong}" is ${value[wrong] === undefined ? 'missing' : 'not what it should be'}`)
  }
  // Records of the first days lack what was added since.
  const isComplete =
    value.members !== undefined &&
    value.cgroup !== undefined &&
    value.watch !== undefined &&
    value.output_lost !== undefined
  const record = (isComplete ? value : { ...ADDED_SINCE, ...value }) as unknown as LockRecord
  if (record.session !== session) return corrupt('the record names another session')
  // Both say whether the run is over; a record where they disagree proves nothing about it.
  if ((record.phase === 'ended') !== (record.ended !== null))
    return corrupt('fields "phase" and "ended" disagree')
  return { kind: 'record', record }
}
