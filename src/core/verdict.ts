/**
 * The verdict on a session: its state, the reason as text, and the numbers behind it. Pure.
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
import { formatDuration } from './duration.ts'
import { type Liveness, type Observer, ownerLiveness, partLiveness, recordLocation } from './identity.ts'
import type { ProcessView } from './ports.ts'
import { type Ended, type EndReason, type LockRecord, STALL_CAUSES, type StallCause } from './record.ts'

import { formatSize } from './size.ts'

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
export type StoredRecord =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'corrupt'; readonly reason: string }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'record'; readonly record: LockRecord }

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

export type Now = { readonly epoch: number; readonly monotonic: number }

/** A beat from the future of the monotonic clock, by more than two readings can differ. */
const IMPOSSIBLE_LEAD_SECONDS = 1

const heartbeatAge = (record: LockRecord, observer: Observer, now: Now): number =>
  record.owner.boot_id === observer.bootId
    ? now.monotonic - record.heartbeat.monotonic
    : now.epoch - record.heartbeat.epoch

const nameOwner = (record: LockRecord): string => `the owner (pid ${record.owner.pid})`

const nameIteration = ({ iteration }: LockRecord): string =>
  `iteration ${iteration.number}${iteration.total === null ? '' : ` of ${iteration.total}`}`

const describePhase = (record: LockRecord, now: Now): string => {
  switch (record.phase) {
    case 'starting':
    case 'ended':
      return 'starting'
    case 'running':
      return `${nameIteration(record)} for ${formatDuration(Math.max(0, now.epoch - (record.iteration.started_epoch ?? now.epoch)))}`
    case 'waiting':
      return `pausing after ${nameIteration(record)}`
    case 'stopping':
      return `stopping in ${nameIteration(record)}`
  }
}

const END_TEXTS: Readonly<Record<EndReason, string>> = {
  completed: 'completed',
  failed: 'failed',
  interrupted: 'interrupted',
  superseded: 'taken over',
  'owner-died': 'lost its owner',
}

const describeEnd = (record: LockRecord, ended: Ended, now: Now): string => {
  const when = `, ${formatDuration(Math.max(0, now.epoch - ended.epoch))} ago, in ${nameIteration(record)}`
  const code = ended.exit_code === null ? '' : ` with exit code ${ended.exit_code}`
  const reaped = ended.reaped_epoch === undefined ? '' : ', and its remaining processes were ended'
  return `${END_TEXTS[ended.reason]}${code}${when}${reaped}${describeLost(record)}`
}

const STALL_TEXTS: Readonly<Record<StallCause, string>> = {
  silent: 'the worker shows no activity',
  repeating: "the worker's output only repeats itself",
  spinning: 'the worker uses the processor, and neither reads, writes, prints nor starts anything',
  stopped: 'the worker is stopped (SIGSTOP or Ctrl-Z)',
  'awaiting-input': 'the worker waits for input at its terminal',
}

/** What keeps the refresher from beating, and for how long; `null` when nothing does. */
const describeStall = (record: LockRecord, now: Now): string | null => {
  const stall = record.phase === 'running' ? (record.watch?.stall ?? null) : null
  return stall === null
    ? null
    : `${STALL_TEXTS[stall.cause]}, for ${formatDuration(Math.max(0, now.monotonic - stall.since))}`
}

const describeLost = (record: LockRecord): string =>
  record.output_lost === 0 ? '' : `; ${formatSize(record.output_lost)} of its output could not be written`

/** Why an owner that lives has let its heartbeat go stale. The first that holds, from the outside in. */
const causeOf = (
  record: LockRecord,
  owner: Liveness,
  refresher: Liveness,
  worker: Liveness,
  now: Now,
): { readonly cause: Cause; readonly text: string } => {
  if (owner.kind === 'alive' && owner.state === 'stopped') {
    return { cause: 'owner-stopped', text: `${nameOwner(record)} is stopped (SIGSTOP or Ctrl-Z)` }
  }
  if (record.phase === 'running') {
    if (refresher.kind === 'gone') return { cause: 'refresher-gone', text: 'the refresher is gone' }
    if (refresher.kind === 'alive' && refresher.state === 'stopped') {
      return { cause: 'refresher-gone', text: 'the refresher is stopped (SIGSTOP)' }
    }
    const stall = record.watch?.stall ?? null
    if (stall !== null) return { cause: stall.cause, text: describeStall(record, now) ?? '' }
    if (worker.kind === 'alive' && worker.state === 'stopped') {
      return { cause: 'stopped', text: STALL_TEXTS.stopped }
    }
  }
  return { cause: 'silent', text: 'no heartbeat, for an unknown reason' }
}

const withoutHeartbeat = (state: State, reason: string): Verdict => ({
  state,
  reason,
  cause: null,
  heartbeatAge: null,
  ownerAlive: state === 'free' ? false : null,
})

export const classify = (stored: StoredRecord, view: ProcessView, observer: Observer, now: Now): Verdict => {
  switch (stored.kind) {
    case 'none':
      return withoutHeartbeat('free', 'it has never run')
    case 'unreadable':
    case 'corrupt':
      return withoutHeartbeat('unknown', stored.reason)
    case 'newer':
      return withoutHeartbeat(
        'unknown',
        `the record has format ${stored.format}, which is newer than this program`,
      )
    case 'record':
      return classifyRecord(stored.record, view, observer, now)
  }
}

const classifyRecord = (record: LockRecord, view: ProcessView, observer: Observer, now: Now): Verdict => {
  const age = heartbeatAge(record, observer, now)
  // Written out for every field: to spread an object into another took half the time of a list of a thousand.
  const verdict = (
    state: State,
    reason: string,
    ownerAlive: boolean | null,
    cause: Cause | null = null,
  ): Verdict => ({ state, reason, cause, heartbeatAge: Math.max(0, age), ownerAlive })

  if (record.ended !== null) {
    const died = record.ended.reason === 'owner-died' && record.ended.reaped_epoch === undefined
    if (!died) return verdict('free', describeEnd(record, record.ended, now), false)
    const when = formatDuration(Math.max(0, now.epoch - record.ended.epoch))
    // The refresher writes no exit code; an owner that met an error of its own does.
    const how = record.ended.exit_code === null ? 'died' : `ended with an error (${record.ended.exit_code})`
    return verdict('dead', `${nameOwner(record)} ${how} ${when} ago, in ${nameIteration(record)}`, false)
  }

  const owner = ownerLiveness(record, view, observer)
  if (owner.kind === 'unknown') {
    return verdict('unknown', `${nameOwner(record)} cannot be checked: ${owner.reason}`, null)
  }
  if (owner.kind === 'gone') {
    return verdict(
      'dead',
      `${nameOwner(record)} is gone: ${owner.reason}; it was in ${nameIteration(record)}`,
      false,
    )
  }
  if (recordLocation(record, observer) === 'here' && age < -IMPOSSIBLE_LEAD_SECONDS) {
    return verdict(
      'unknown',
      'the heartbeat lies in the future of the monotonic clock: it was taken with another clock',
      true,
    )
  }
  const beat = `heartbeat ${formatDuration(Math.max(0, age))} ago, limit ${formatDuration(record.heartbeat.stale_after)}`
  const lost = describeLost(record)
  if (age <= record.heartbeat.stale_after) {
    const stall = describeStall(record, now)
    return verdict(
      'active',
      `${describePhase(record, now)}; ${stall === null ? '' : `${stall}; `}${beat}${lost}`,
      true,
    )
  }
  const { cause, text } = causeOf(
    record,
    owner,
    partLiveness(record, record.refresher, view, observer),
    partLiveness(record, record.worker, view, observer),
    now,
  )
  return verdict(
    'hung',
    // The cause first: of a table's last column only that may be seen.
    `${text}; ${cause === 'owner-stopped' ? '' : `${nameOwner(record)} is alive; `}${beat}; ${describePhase(record, now)}${lost}`,
    true,
    cause,
  )
}
