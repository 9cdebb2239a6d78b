/**
 * The record as `NAME.json` has it: flat, see docs/FORMAT.md. The one place that knows the file's fields; everywhere
 * else a record is a {@link LockRecord}, which groups them.
 *
 * Pure. `encodeRecord` and `parseRecord` are inverse on valid records; `parseRecord` validates everything, ignores
 * fields that it does not know, gives optional ones that are missing their default, and calls a record of a newer
 * format `newer`, never `corrupt`.
 */
import {
  type Fields,
  isCount,
  isFilled,
  isNatural,
  isObject,
  isPositive,
  isSeconds,
  isText,
} from './checks.ts'
import { isLoopState, type LoopState, NEW_LOOP } from './loop/state.ts'
import type { Place } from './places.ts'
import {
  type Activity,
  END_REASONS,
  type Ended,
  type Evidence,
  FORMAT,
  type LastIteration,
  type LockRecord,
  PHASES,
  type Phase,
  type ProcessReference,
  RESULTS,
  type ShellOwner,
  STALL_CAUSES,
  START_CLOCKS,
  type StartClock,
  type TmuxTarget,
} from './record.ts'
import { areRunOptions, completeRunOptions, type RunOptions } from './run-options.ts'

/** Every field of the file, in the order in which it is written. */
export type RecordFields = {
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
  readonly shell: ShellOwner | null
  readonly cwd: string
  readonly command: readonly string[]
  readonly cookie: string
  readonly options: RunOptions
  readonly started_epoch: number
  readonly heartbeat_epoch: number
  readonly heartbeat_monotonic: number
  readonly stale_after: number
  readonly heartbeat_interval: number
  readonly evidence: Evidence | null
  readonly iteration: number
  readonly iterations: number | null
  readonly iteration_started_epoch: number | null
  readonly failures: number
  readonly last_iteration: (Omit<LastIteration, 'generation'> & { readonly generation?: number }) | null
  readonly loop: LoopState
  readonly worker: ProcessReference | null
  readonly members: readonly ProcessReference[]
  readonly cgroup: string | null
  readonly places: readonly Place[]
  readonly refresher: ProcessReference | null
  readonly watch: Activity | null
  readonly output_lost: number
  readonly tmux: TmuxTarget | null
  readonly ended: Ended | null
}

/** Fields that a file of this format may lack; {@link fromFields} has their defaults. */
export type OptionalField = 'shell' | 'loop' | 'members' | 'cgroup' | 'places' | 'watch' | 'output_lost'

type FieldsInFile = Omit<RecordFields, OptionalField> & Partial<Pick<RecordFields, OptionalField>>

export const toFields = (record: LockRecord): RecordFields => ({
  format: record.format,
  session: record.session,
  generation: record.generation,
  phase: record.phase,
  pid: record.owner.pid,
  pid_started: record.owner.pid_started,
  pid_started_clock: record.owner.started_clock,
  boot_id: record.owner.boot_id,
  pid_namespace: record.owner.pid_namespace,
  host: record.owner.host,
  user: record.owner.user,
  shell: record.shell,
  cwd: record.cwd,
  command: record.command,
  cookie: record.cookie,
  options: record.options,
  started_epoch: record.started_epoch,
  heartbeat_epoch: record.heartbeat.epoch,
  heartbeat_monotonic: record.heartbeat.monotonic,
  stale_after: record.heartbeat.stale_after,
  heartbeat_interval: record.heartbeat.interval,
  evidence: record.evidence,
  iteration: record.iteration.number,
  iterations: record.iteration.total,
  iteration_started_epoch: record.iteration.started_epoch,
  failures: record.failures,
  last_iteration: record.last_iteration,
  loop: record.loop,
  worker: record.worker,
  members: record.members,
  cgroup: record.cgroup,
  places: record.places,
  refresher: record.refresher,
  watch: record.watch,
  output_lost: record.output_lost,
  tmux: record.tmux,
  ended: record.ended,
})

/** @param f checked by {@link wrongField} */
export const fromFields = (f: FieldsInFile): LockRecord => ({
  format: f.format,
  session: f.session,
  generation: f.generation,
  phase: f.phase,
  owner: {
    pid: f.pid,
    pid_started: f.pid_started,
    started_clock: f.pid_started_clock,
    boot_id: f.boot_id,
    pid_namespace: f.pid_namespace,
    host: f.host,
    user: f.user,
  },
  shell: f.shell ?? null,
  cwd: f.cwd,
  command: f.command,
  cookie: f.cookie,
  options: completeRunOptions(f.options),
  started_epoch: f.started_epoch,
  heartbeat: {
    epoch: f.heartbeat_epoch,
    monotonic: f.heartbeat_monotonic,
    stale_after: f.stale_after,
    interval: f.heartbeat_interval,
  },
  evidence: f.evidence,
  iteration: { number: f.iteration, total: f.iterations, started_epoch: f.iteration_started_epoch },
  failures: f.failures,
  last_iteration: lastIteration(f),
  // Of a version with fewer rules: what it lacks is as in a new run.
  loop: f.loop === undefined ? NEW_LOOP : { ...NEW_LOOP, ...f.loop },
  worker: f.worker,
  members: f.members ?? [],
  cgroup: f.cgroup ?? null,
  places: f.places ?? [],
  refresher: f.refresher,
  watch: f.watch ?? null,
  output_lost: f.output_lost ?? 0,
  tmux: f.tmux,
  ended: f.ended,
})

const lastIteration = ({ last_iteration: last, generation }: FieldsInFile): LastIteration | null => {
  if (last === null) return null
  return last.generation === undefined ? { ...last, generation } : (last as LastIteration)
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: LockRecord }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'corrupt'; readonly reason: string }

export const encodeRecord = (record: LockRecord): string => `${JSON.stringify(toFields(record), null, 1)}\n`

const isPid = (v: unknown): boolean => isNatural(v) && (v as number) < 2 ** 31
const isExitCode = (v: unknown): boolean => isCount(v) && (v as number) < 256
const isOneOf = (choices: readonly string[], v: unknown): boolean => choices.includes(v as string)
/** A NUL ends a word for every system call: no command that ran can have had one. */
const isNulFree = (v: unknown): boolean => typeof v === 'string' && !v.includes('\0')
const isCommand = (v: unknown): boolean => Array.isArray(v) && v.length > 0 && v.every(isNulFree)

const isProcess = (v: unknown): boolean => isObject(v) && isPid(v.pid) && isSeconds(v.pid_started)

const isShell = (v: unknown): boolean =>
  isObject(v) &&
  isText(v.script) &&
  (v.supervisor === null || isProcess(v.supervisor)) &&
  (v.sentinel === null || isProcess(v.sentinel))

const areProcesses = (v: unknown): boolean => v === undefined || (Array.isArray(v) && v.every(isProcess))

const arePlaces = (v: unknown): boolean =>
  Array.isArray(v) &&
  v.every(
    (place) => isObject(place) && (place.group === null || isText(place.group)) && isNatural(place.number),
  )

const isEvidence = (v: unknown): boolean => isObject(v) && isText(v.source) && isSeconds(v.epoch)

const isLastSeen = (v: unknown): boolean =>
  v === null || (isObject(v) && isSeconds(v.monotonic) && isSeconds(v.value))

const isStall = (v: unknown): boolean =>
  v === null ||
  (isObject(v) &&
    isOneOf(STALL_CAUSES, v.cause) &&
    isSeconds(v.since) &&
    (v.waits_for === undefined || isText(v.waits_for)))

const isSeries = (v: unknown): boolean =>
  v === undefined ||
  (isObject(v) &&
    isPositive(v.bucket) &&
    isSeconds(v.last) &&
    Array.isArray(v.levels) &&
    v.levels.every(isCount))

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
  isSeconds(v.longest_quiet) &&
  isSeries(v.series) &&
  (v.attention_over === undefined || isSeconds(v.attention_over))

export const isTmuxTarget = (v: unknown): boolean =>
  isObject(v) &&
  isFilled(v.socket) &&
  isFilled(v.session) &&
  isFilled(v.pane) &&
  isPid(v.server_pid) &&
  (v.shows_output === undefined || typeof v.shows_output === 'boolean')

const isEnded = (v: unknown): boolean =>
  isObject(v) &&
  isSeconds(v.epoch) &&
  isOneOf(END_REASONS, v.reason) &&
  (v.exit_code === null || isExitCode(v.exit_code)) &&
  (v.detail === undefined || isText(v.detail)) &&
  (v.signal === undefined || isFilled(v.signal)) &&
  (v.reaped_epoch === undefined || isSeconds(v.reaped_epoch))

const isLastIteration = (v: unknown): boolean =>
  isObject(v) &&
  (v.generation === undefined || isNatural(v.generation)) &&
  isNatural(v.iteration) &&
  isOneOf(RESULTS, v.result) &&
  (v.exit_code === null || isExitCode(v.exit_code)) &&
  (v.signal === null || isFilled(v.signal)) &&
  isSeconds(v.ended_epoch)

/** An {@link OwnerProcess}; a record has its fields one by one. */
export const isOwnerProcess = (v: unknown): boolean =>
  isObject(v) &&
  isProcess(v) &&
  isOneOf(START_CLOCKS, v.started_clock) &&
  isFilled(v.boot_id) &&
  (v.pid_namespace === null || isFilled(v.pid_namespace)) &&
  isText(v.host) &&
  isText(v.user)

/**
 * The first field that is missing or wrong.
 *
 * Written out, and not as a table of checks: a list of a thousand sessions calls this a thousand times before the
 * JIT has woken up, and the table took five times as long.
 */
const wrongField = (r: Fields): keyof RecordFields | null => {
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
  if (r.shell != null && !isShell(r.shell)) return 'shell'
  if (!isFilled(r.cwd) || !isNulFree(r.cwd)) return 'cwd'
  if (!isCommand(r.command)) return 'command'
  if (!isFilled(r.cookie)) return 'cookie'
  if (!areRunOptions(r.options)) return 'options'
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
  if (r.loop !== undefined && !isLoopState(r.loop)) return 'loop'
  if (r.worker !== null && !isProcess(r.worker)) return 'worker'
  if (!areProcesses(r.members)) return 'members'
  if (r.cgroup != null && !(isFilled(r.cgroup) && isNulFree(r.cgroup))) return 'cgroup'
  if (r.places !== undefined && !arePlaces(r.places)) return 'places'
  if (r.refresher !== null && !isProcess(r.refresher)) return 'refresher'
  if (r.watch != null && !isActivity(r.watch)) return 'watch'
  if (r.output_lost !== undefined && !isCount(r.output_lost)) return 'output_lost'
  if (r.tmux !== null && !isTmuxTarget(r.tmux)) return 'tmux'
  if (r.ended !== null && !isEnded(r.ended)) return 'ended'
  return null
}

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
  const record = fromFields(value as unknown as FieldsInFile)
  if (record.session !== session) return corrupt('the record names another session')
  // Both say whether the run is over; a record where they disagree proves nothing about it.
  if ((record.phase === 'ended') !== (record.ended !== null))
    return corrupt('fields "phase" and "ended" disagree')
  return { kind: 'record', record }
}
