/**
 * `--force`: ends an owner that holds the lock, cleanly first, then by force, until the kernel lock is free.
 *
 * The owner is told that it is superseded, so that it says so in its record and exit code. Whatever it does, this
 * does not claim before the kernel has given the lock: two owners at a time are not possible, only a refusal.
 * The claim ends what the owner leaves of its worker, as after any end that was not clean.
 */
import { ACQUIRE_SECONDS } from '../core/defaults.ts'
import { errors } from '../core/errors.ts'
import { describeOwner } from '../core/held.ts'
import type { LockRecord } from '../core/record.ts'
import { messageOf } from '../core/system-error.ts'
import { askToEnd, awaitGone, isAlive } from '../session/end-owner.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { type LockedSession, lockHeldError, waitForLock } from '../session/locked-session.ts'
import type { Session } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { writeRequest } from '../store/requests.ts'

/** What a dead owner's guard needs to end the worker and to let go. */
const GUARD_CLEARS_SECONDS = 3
const LOCK_FREE_SECONDS = 2
/** A killed process is gone within this time, unless it hangs in the kernel. */
const KILLED_SECONDS = 2

const supersede = ({ world, paths }: Session, { generation }: LockRecord): void => {
  try {
    writeRequest(paths, 'supersede', generation)
  } catch (error) {
    // Without the request the owner does not record why it ends; it ends all the same.
    world.notify(messageOf(error))
  }
}

const endOwner = async (session: Session, record: LockRecord): Promise<void> => {
  const { world } = session
  const { owner, options } = record
  supersede(session, record)
  const answer = await askToEnd(world, owner, options.grace)
  if (answer === 'denied') {
    throw errors.unsafe(
      `pid ${owner.pid} belongs to another user and may not be ended`,
      'Ask its user to end it.',
    )
  }
  if (answer === 'gone' || !isAlive(world, owner)) return
  world.notify(`pid ${owner.pid} does not end by itself; killing it`)
  world.signal(owner.pid, 'SIGKILL')
  await awaitGone(world, owner, KILLED_SECONDS)
}

/** The guard of an owner that has ended in order has let go of the lock, and may live on for what writes output still. */
const hasLetGo = (session: Session): Promise<LockedSession | null> => waitForLock(session, ACQUIRE_SECONDS)

/** The owner is gone, and its guard ends the worker, then lets go. One that does not is stopped, or hangs. */
const lockAfterOwner = async (
  session: Session,
  { generation }: LockRecord,
): Promise<LockedSession | null> => {
  const free = await hasLetGo(session)
  if (free !== null) return free
  const { world } = session
  // As it is named now: the owner may have replaced it at its end.
  const { record } = session.snapshot()
  if (record?.refresher && record.generation === generation) {
    const recorded = { ...record.refresher, started_clock: record.owner.started_clock }
    if (!(await awaitGone(world, recorded, GUARD_CLEARS_SECONDS))) {
      const late = await hasLetGo(session)
      if (late !== null) return late
      // Between the last look and the signal its PID may have gone to somebody else.
      if (isAlive(world, recorded)) world.signal(recorded.pid, 'SIGKILL')
      await awaitGone(world, recorded, KILLED_SECONDS)
    }
  }
  return waitForLock(session, LOCK_FREE_SECONDS)
}

export type TakenOver = {
  readonly locked: LockedSession
  /** The path of the bundle that was left before. */
  readonly incident: string | null
}

/**
 * @param held a snapshot from after the lock was found held
 * @throws LockError `held` when the lock does not become free, `unsafe` when the owner may not be signalled
 */
export const takeOver = async (session: Session, held: Snapshot): Promise<TakenOver> => {
  const { world, name } = session
  const { record, owner } = held
  if (record === null || owner === null || record.ended !== null) throw lockHeldError(session, held)
  if (owner.kind === 'unknown') {
    throw errors.held(
      `${name} cannot be taken over from here: ${held.verdict.reason}`,
      'Run this where its owner runs.',
    )
  }
  world.notify(`taking ${name} over from ${describeOwner(record, world.now())}`)
  const incident = await tryToLeaveIncident(session, 'force', held)
  if (owner.kind === 'alive') await endOwner(session, record)
  const locked = await lockAfterOwner(session, record)
  // Another look: who holds it now need not be who held it before.
  if (locked === null) throw lockHeldError(session, session.snapshot())
  return { locked, incident }
}
