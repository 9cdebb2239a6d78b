/**
 * The verdict on a session: its state, and the facts that it rests on. Pure. verdict-text.ts puts it into words.
 *
 * | record            | owner    | heartbeat            | state     |
 * | ----------------- | -------- | -------------------- | --------- |
 * | none              |          |                      | `free`    |
 * | unreadable, newer |          |                      | `unknown` |
 * | ended cleanly     |          |                      | `free`    |
 * | ended: owner-died |          |                      | `dead`, until run again or reaped |
 * | open              | unknown  |                      | `unknown` |
 * | open              | gone     |                      | `dead`    |
 * | open              | alive    | within `stale_after` | `active`  |
 * | open              | alive    | older                | `hung`, with a cause |
 */
import { type Liveness, type Observer, ownerLiveness, partLiveness, recordLocation } from './identity.ts'
import type { ProcessView } from './ports.ts'
import { type Ended, type LockRecord, STALL_CAUSES } from './record.ts'

export const STATES = ['active', 'dead', 'hung', 'free', 'unknown'] as const
export type State = (typeof STATES)[number]

export const STATUS_EXIT_CODES: Readonly<Record<State, number>> = {
  active: 0,
  dead: 1,
  hung: 2,
  free: 3,
  unknown: 4,
}

export const CAUSES = [...STALL_CAUSES, 'refresher-gone', 'owner-stopped'] as const
export type Cause = (typeof CAUSES)[number]

/** What was found at `NAME.json`. */
export type StoredRecord<R extends LockRecord = LockRecord> =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'corrupt'; readonly reason: string }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'record'; readonly record: R }

export type Verdict = {
  readonly state: State
  readonly reason: string
  /** Of `hung`, else `null`. */
  readonly cause: Cause | null
  /** Seconds since the last beat; `null` when there is none. */
  readonly heartbeatAge: number | null
  /** `null` when that is unknown. */
  readonly ownerAlive: boolean | null
}

/** What is known of a session: its record, or why there is none, and the verdict. */
export type SessionState = {
  readonly session: string
  readonly stored: StoredRecord
  readonly verdict: Verdict
}

export type Now = { readonly epoch: number; readonly monotonic: number }

/** A session's state with what it rests on. `age` is that of the heartbeat, in seconds; negative when it lies ahead. */
export type Finding =
  | { readonly kind: 'never-run' }
  | { readonly kind: 'no-record'; readonly reason: string }
  | { readonly kind: 'newer-record'; readonly format: number }
  | RecordFinding

export type RecordFinding = { readonly record: LockRecord; readonly age: number } & (
  | { readonly kind: 'ended' | 'owner-died'; readonly ended: Ended }
  | { readonly kind: 'owner-unknown' | 'owner-gone'; readonly reason: string }
  | { readonly kind: 'future-heartbeat' | 'active' }
  | { readonly kind: 'hung'; readonly basis: HungBasis }
)

/** What the cause of a hung session is read from. */
export type HungBasis =
  | 'owner-stopped'
  | 'refresher-gone'
  | 'refresher-stopped'
  | 'stall'
  | 'worker-stopped'
  | 'unexplained'

export const stateOf = ({ kind }: Finding): State => {
  switch (kind) {
    case 'never-run':
    case 'ended':
      return 'free'
    case 'owner-died':
    case 'owner-gone':
      return 'dead'
    case 'active':
    case 'hung':
      return kind
    case 'no-record':
    case 'newer-record':
    case 'owner-unknown':
    case 'future-heartbeat':
      return 'unknown'
  }
}

/** `null` when it cannot be told. */
export const isOwnerAlive = (finding: Finding): boolean | null => {
  const state = stateOf(finding)
  if (state === 'free' || state === 'dead') return false
  return state === 'unknown' && finding.kind !== 'future-heartbeat' ? null : true
}

/** Of a hung session, else `null`. */
export const causeOf = (finding: Finding): Cause | null => {
  if (finding.kind !== 'hung') return null
  switch (finding.basis) {
    case 'owner-stopped':
    case 'refresher-gone':
      return finding.basis
    case 'refresher-stopped':
      return 'refresher-gone'
    case 'worker-stopped':
      return 'stopped'
    case 'stall':
      return finding.record.watch?.stall?.cause ?? 'silent'
    case 'unexplained':
      return 'silent'
  }
}

/** A beat from the future of the monotonic clock, by more than two readings can differ. */
const IMPOSSIBLE_LEAD_SECONDS = 1

const ageOf = (record: LockRecord, observer: Observer, now: Now): number =>
  record.owner.boot_id === observer.bootId
    ? now.monotonic - record.heartbeat.monotonic
    : now.epoch - record.heartbeat.epoch

const isStopped = (liveness: Liveness): boolean => liveness.kind === 'alive' && liveness.state === 'stopped'

/** Why an owner that is alive has let its heartbeat go stale. The first that holds, from the outside in. */
const hungBasis = (record: LockRecord, owner: Liveness, view: ProcessView, observer: Observer): HungBasis => {
  if (isStopped(owner)) return 'owner-stopped'
  if (record.phase !== 'running') return 'unexplained'
  const refresher = partLiveness(record, record.refresher, view, observer)
  if (refresher.kind === 'gone') return 'refresher-gone'
  if (isStopped(refresher)) return 'refresher-stopped'
  if (record.watch?.stall != null) return 'stall'
  return isStopped(partLiveness(record, record.worker, view, observer)) ? 'worker-stopped' : 'unexplained'
}

/** @param view of the processes, as fresh as `now` */
export const decide = (stored: StoredRecord, view: ProcessView, observer: Observer, now: Now): Finding => {
  switch (stored.kind) {
    case 'none':
      return { kind: 'never-run' }
    case 'unreadable':
    case 'corrupt':
      return { kind: 'no-record', reason: stored.reason }
    case 'newer':
      return { kind: 'newer-record', format: stored.format }
    case 'record':
      return decideOnRecord(stored.record, view, observer, now)
  }
}

const decideOnRecord = (record: LockRecord, view: ProcessView, observer: Observer, now: Now): Finding => {
  const age = ageOf(record, observer, now)
  const { ended } = record
  if (ended !== null) {
    const died = ended.reason === 'owner-died' && ended.reaped_epoch === undefined
    return { kind: died ? 'owner-died' : 'ended', record, age, ended }
  }
  const owner = ownerLiveness(record, view, observer)
  if (owner.kind === 'unknown') return { kind: 'owner-unknown', record, age, reason: owner.reason }
  if (owner.kind === 'gone') return { kind: 'owner-gone', record, age, reason: owner.reason }
  if (recordLocation(record, observer) === 'here' && age < -IMPOSSIBLE_LEAD_SECONDS)
    return { kind: 'future-heartbeat', record, age }
  if (age <= record.heartbeat.stale_after) return { kind: 'active', record, age }
  return { kind: 'hung', record, age, basis: hungBasis(record, owner, view, observer) }
}
