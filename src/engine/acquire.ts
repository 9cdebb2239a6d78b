/**
 * All the kernel locks that a run needs, together or not at all: the session's, one for each exclusive path, one for each
 * place. Whoever does not get one of them lets go of the others, so that no two runs wait for each other.
 *
 * The order is the same for all: session, paths by name, place of the group, place of all. The session's comes first
 * because what else a run needs that goes on can only be read under it.
 *
 * With `--wait` it waits for what is held, in the order of arrival (session/waiting-line.ts). Without, it does not take
 * either what is free and somebody else waits for. Only a run that takes its session from an owner stands in no line: it
 * follows that one also in its places and paths.
 */
import { formatDuration } from '../core/duration.ts'
import type { Limit, Place } from '../core/places.ts'
import { planRun, type RunPlan, type RunRequest } from '../core/plan.ts'
import { printable } from '../core/printable.ts'
import type { TmuxTarget } from '../core/record.ts'
import { describeWant, ordinal, sessionWant, type Want } from '../core/ticket.ts'
import {
  attemptLock,
  type LockedRecord,
  type LockedSession,
  lockHeldError,
  waitForLock,
} from '../session/locked-session.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import type { Session } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { WaitingLine } from '../session/waiting-line.ts'
import type { HeldLock } from '../store/kernel-lock.ts'
import { ownerProcess } from './first-record.ts'
import { describeWaiter, waitedForError } from './held-locks.ts'
import { readLastRun } from './last-run.ts'
import { type Blocked, blockedByOthers, otherLocksOf, takeAll } from './other-locks.ts'
import { checkPlan } from './plan-checks.ts'
import { takeOver } from './take-over.ts'

export type AcquireRequest = RunRequest & {
  /** How long to wait for what others hold; may be infinite. `undefined`: not at all. */
  readonly waitSeconds: number | undefined
  /** How many sessions may run at once; none where nobody has set a limit. */
  readonly limits?: readonly Limit[]
}

/** All of them, and what was read and planned under the session's. */
export type Acquired = {
  readonly kind: 'acquired'
  readonly locked: LockedSession
  /** Of paths and places. */
  readonly otherLocks: readonly HeldLock[]
  readonly places: readonly Place[]
  /** `null` when there is no record that could be used. */
  readonly last: LockedRecord | null
  readonly plan: RunPlan<LockedRecord>
  /** Set when another owner was ended for it. */
  readonly takenOver: { readonly incident: string | null } | null
  /** Of all locks. */
  release(): void
}

type Attempt = {
  readonly session: Session
  readonly request: AcquireRequest
  readonly line: WaitingLine
}

type SessionLock = Pick<Acquired, 'locked' | 'takenOver'> & { readonly kind: 'locked' }

/** By somebody who waits for one of these, and came before. */
const blockedByEarlier = ({ session, line }: Attempt, wants: readonly Want[]): Blocked | null => {
  const first = line.ahead(wants)[0]
  const want = first?.ticket.wants.find((one) => wants.includes(one))
  if (first === undefined || want === undefined) return null
  return {
    kind: 'blocked',
    want,
    error: () => waitedForError(session.world, want, first),
    // Only when nobody is ahead any more: then it is tried again.
    wait: async () => ({ locked: null }),
  }
}

/** A request that cannot be fulfilled must not end the owner. The plan that counts is made under the lock. */
const takeSession = async (
  { session, request, line }: Attempt,
  held: Snapshot,
): Promise<SessionLock | Blocked> => {
  if (held.record !== null) {
    const plan = planRun(request, held.record)
    await checkPlan(session.world, plan)
    const others = otherLocksOf(session, request.limits ?? [], plan)
    const blocked = await blockedByOthers(session, others)
    if (blocked !== null) return blocked
    await line.enter([sessionWant(session.name), ...others.map(({ want }) => want)], true)
  }
  const { locked, incident } = await takeOver(session, held)
  return { kind: 'locked', locked, takenOver: { incident } }
}

const lockSession = async (attempt: Attempt): Promise<SessionLock | Blocked> => {
  const { session, request } = attempt
  const want = sessionWant(session.name)
  const earlier = request.force ? null : blockedByEarlier(attempt, [want])
  if (earlier !== null) return earlier
  const result = await attemptLock(session)
  if (result.kind === 'locked') return { kind: 'locked', locked: result.locked, takenOver: null }
  if (request.force) return takeSession(attempt, result.held)
  return {
    kind: 'blocked',
    want,
    error: () => lockHeldError(session, session.snapshot()),
    async wait({ seconds, giveUp }) {
      const locked = await waitForLock(session, seconds, giveUp)
      return locked === null ? null : { locked }
    },
  }
}

const lockOthers = async (attempt: Attempt, lock: SessionLock): Promise<Acquired | Blocked> => {
  const { session, request } = attempt
  const { locked, takenOver } = lock
  const last = readLastRun(locked)
  refuseOwnSession(session.world, last)
  const plan: RunPlan<LockedRecord> = planRun(request, last)
  await checkPlan(session.world, plan)
  const wanted = otherLocksOf(session, request.limits ?? [], plan)
  if (takenOver === null) {
    const mine = request.force ? [] : [sessionWant(session.name)]
    const earlier = blockedByEarlier(attempt, [...mine, ...wanted.map(({ want }) => want)])
    if (earlier !== null) return earlier
  }
  const taken = await takeAll(session, wanted)
  if (taken.kind === 'blocked') return taken
  return {
    kind: 'acquired',
    locked,
    otherLocks: taken.locks,
    places: taken.places,
    last,
    plan,
    takenOver,
    release() {
      for (const other of taken.locks) other.release()
      locked.release()
    },
  }
}

/** @param waitedFor the session's lock, when that was what it waited for */
const tryAll = async (attempt: Attempt, waitedFor: LockedSession | null): Promise<Acquired | Blocked> => {
  const lock =
    waitedFor === null
      ? await lockSession(attempt)
      : ({ kind: 'locked', locked: waitedFor, takenOver: null } as const)
  if (lock.kind === 'blocked') return lock
  let isAcquired = false
  try {
    const result = await lockOthers(attempt, lock)
    isAcquired = result.kind === 'acquired'
    return result
  } finally {
    if (!isAcquired) lock.locked.release()
  }
}

type Turn = { readonly seconds: number; readonly giveUp: AbortSignal; say(text: string): void }

/** @returns as {@link Blocked.wait} */
const awaitTurn = async (
  { session, line }: Attempt,
  blocked: Blocked,
  { seconds, giveUp, say }: Turn,
): ReturnType<Blocked['wait']> => {
  await line.enter([blocked.want])
  const ahead = line.ahead([blocked.want])
  const before = ahead.at(-1)
  const turn = `${ordinal(ahead.length + 1)} in line`
  if (before === undefined) {
    say(`${turn}: ${blocked.error().message}`)
    return blocked.wait({ seconds, giveUp })
  }
  const next = describeWaiter(before, session.world.now().epoch)
  say(`${turn} for ${printable(describeWant(blocked.want))}, behind ${next}`)
  return (await line.waitFor(before, { seconds, giveUp })) ? { locked: null } : null
}

type AcquireOptions = {
  readonly tmux: TmuxTarget | null
  /** Ends a wait. */
  readonly giveUp: AbortSignal
}

/** @throws LockError `held` when it does not get all, within the time that it may wait */
export const acquire = async (
  session: Session,
  request: AcquireRequest,
  { tmux, giveUp }: AcquireOptions,
): Promise<Acquired> => {
  const { world, name } = session
  const { waitSeconds } = request
  const line = new WaitingLine(world, { session: name, waiter: ownerProcess(world), tmux })
  const attempt = { session, request, line }
  const limit =
    waitSeconds !== undefined && Number.isFinite(waitSeconds)
      ? ` for at most ${formatDuration(waitSeconds)}`
      : ''
  const say = (text: string): void => world.notify(`waiting${limit}, ${text}`)
  const began = world.clock.monotonic()
  try {
    for (let waitedFor: LockedSession | null = null; ; ) {
      const result = await tryAll(attempt, waitedFor)
      if (result.kind === 'acquired') return result
      if (waitSeconds === undefined) throw result.error()
      const seconds = Math.max(0, began + waitSeconds - world.clock.monotonic())
      const waited = await awaitTurn(attempt, result, { seconds, giveUp, say })
      if (waited === null) throw result.error()
      waitedFor = waited.locked
    }
  } finally {
    line.leave()
  }
}
