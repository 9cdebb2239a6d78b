/** What the last run has left, as its record says it. Only with the kernel lock held. */
import { errors } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import { ownerLiveness, recordLocation } from '../core/identity.ts'
import { poll } from '../core/poll.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import { reconcileWithHistory, recordInterrupted } from '../session/interrupted-iteration.ts'
import { type LockedRecord, type LockedSession, OWNER_EXIT_SECONDS } from '../session/locked-session.ts'
import { killOrphans } from '../session/orphans.ts'
import type { Session } from '../session/session.ts'
import { quarantine } from '../store/write-record.ts'
import type { World } from '../world.ts'
import { abortable } from './aborted.ts'

/** @returns the last run's record; `null` when there is none that could be used */
export const readLastRun = (locked: LockedSession): LockedRecord | null => {
  const { world, paths } = locked.session
  const stored = locked.read()
  switch (stored.kind) {
    case 'record':
      return endedCleanly(stored.record) ? stored.record : reconcileWithHistory(world, stored.record)
    case 'none':
      return null
    case 'newer':
      throw errors.newerRecord(paths.record, stored.format)
    // Moving it aside would lose the path to the last run's worker, only because a disk or a limit has failed once.
    case 'unreadable':
      throw errors.badRecord(paths.record, printable(stored.reason))
    case 'corrupt': {
      const aside = quarantine(paths.record, world.clock.epoch())
      world.notify(`${printable(stored.reason)}; moved aside to ${aside}`)
      return null
    }
  }
}

/** The lock is ours, but the owner of the record may still be alive: the lock file was replaced. */
const refuseLivingOwner = async (session: Session, last: LockedRecord): Promise<void> => {
  const { world, name, paths } = session
  // A killed process lets go of its files a moment before it counts as gone.
  const gone = await poll(world.clock, { seconds: OWNER_EXIT_SECONDS, pauseSeconds: 0.01 }, () => {
    return ownerLiveness(last, world.inspector.snapshot(), world.observer).kind !== 'alive'
  })
  if (gone !== null) return
  // Another look: an owner that lives writes, whoever has the lock.
  const { message } = heldError(session.snapshot(), [], world.now())
  throw errors.held(
    `${message}\n  Its kernel lock is free all the same: somebody has removed or replaced ${paths.lock}`,
    `engine.sh stop ${name} ends it.`,
  )
}

const endOrphans = async (world: World, last: LockedRecord): Promise<void> => {
  const { found, killed } = await killOrphans(world, last)
  if (found === 0) return
  const forced = killed > 0 ? `, ${killed} of them by SIGKILL` : ''
  world.notify(
    `ended ${found} ${found === 1 ? 'process' : 'processes'} that run ${last.generation} left behind${forced}`,
  )
}

/** The owner is gone, or it would hold the lock; whether its worker is gone cannot be seen from here. */
const refuseUnseenWorker = (world: World, last: LockRecord, force: boolean): void => {
  const location = recordLocation(last, world.observer)
  if (force || last.ended !== null || location === 'here' || location === 'other-boot') return
  const where =
    location === 'other-host' ? `on another host (${last.owner.host})` : 'in another PID namespace'
  throw errors.held(
    `run ${last.generation} of ${last.session} was ${where} and did not end cleanly; whether its worker is still alive cannot be seen from here`,
    `Check there, or run it again there; engine.sh run ${last.session} --force starts it here regardless.`,
  )
}

export const endedCleanly = (record: LockRecord): boolean =>
  record.ended !== null && record.ended.reason !== 'owner-died'

export type ClearOptions = {
  readonly force: boolean
  /** Done when nothing speaks against it, before anything is ended. */
  readonly beforehand: () => Promise<void>
  readonly giveUp: AbortSignal
}

/**
 * Ends what is left of it, and enters its last iteration into the history.
 *
 * @throws LockError `held` when its owner or its worker may be alive
 */
export const clearLastRun = async (
  locked: LockedSession,
  last: LockedRecord,
  { force, beforehand, giveUp }: ClearOptions,
): Promise<void> => {
  const { session } = locked
  const { world } = session
  refuseUnseenWorker(world, last, force)
  if (last.ended === null) await refuseLivingOwner(session, last)
  await beforehand()
  await abortable(endOrphans(world, last), giveUp)
  recordInterrupted(locked, last)
}
