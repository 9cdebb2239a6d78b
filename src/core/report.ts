/** What `status --json` prints for a session: the record's fields, and the verdict beside them. Pure. */
import type { Attention } from './attention.ts'
import type { LockRecord } from './record.ts'
import { type RecordFields, toFields } from './record-file.ts'
import type { SessionState, Verdict } from './verdict.ts'

/**
 * All of a record that is shown, in the order in which it is shown.
 *
 * Not the cookie: a process that knows it can pass for a worker of the run, and no report needs it.
 */
const SHOWN = [
  'format',
  'session',
  'generation',
  'phase',
  'pid',
  'pid_started',
  'pid_started_clock',
  'boot_id',
  'pid_namespace',
  'host',
  'user',
  'shell',
  'cwd',
  'command',
  'options',
  'started_epoch',
  'heartbeat_epoch',
  'heartbeat_monotonic',
  'stale_after',
  'heartbeat_interval',
  'evidence',
  'iteration',
  'iterations',
  'iteration_started_epoch',
  'failures',
  'last_iteration',
  'loop',
  'worker',
  'members',
  'cgroup',
  'places',
  'refresher',
  'watch',
  'output_lost',
  'tmux',
  'ended',
] as const satisfies readonly (keyof RecordFields)[]

export type SessionReport = Readonly<Record<string, unknown>> & {
  readonly session: string
  readonly state: Verdict['state']
  readonly reason: string
  readonly cause: Verdict['cause']
  readonly heartbeat_age: number | null
  readonly owner_alive: boolean | null
  /** What the run needs a person for. */
  readonly attention: Attention | null
}

export type Reported = SessionState & { readonly attention: Attention | null }

/** Without a record all are null. */
export const shownFields = (record: LockRecord | null): Readonly<Record<string, unknown>> => {
  const fields: Partial<RecordFields> = record === null ? {} : toFields(record)
  return Object.fromEntries(SHOWN.map((name) => [name, fields[name] ?? null]))
}

/** Without a record its fields are there all the same, and null. */
export const sessionReport = ({ session, stored, verdict, attention }: Reported): SessionReport => {
  return {
    ...shownFields(stored.kind === 'record' ? stored.record : null),
    session,
    state: verdict.state,
    reason: verdict.reason,
    cause: verdict.cause,
    heartbeat_age: verdict.heartbeatAge === null ? null : Math.round(verdict.heartbeatAge * 1000) / 1000,
    owner_alive: verdict.ownerAlive,
    attention,
  }
}
