/** Takes the kernel lock of a session that has no owner. */
import { ACQUIRE_SECONDS } from '../core/defaults.ts'
import type { LockError } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import { partLiveness } from '../core/identity.ts'
import { holdersOf } from '../process/holders.ts'
import { type HeldLock, tryAcquire, waitAcquire } from '../store/kernel-lock.ts'
import type { World } from '../world.ts'
import { inspectSession } from './snapshot.ts'

/** The refresher of a killed owner ends within this time; a claim that meets it waits instead of failing. */
export const OWNER_EXIT_SECONDS = 3

/** An error that names the holder of the lock now. */
export const lockHeldError = (world: World, name: string): LockError => {
  const { stored, verdict } = inspectSession(world, name)
  return heldError(name, stored, verdict, holdersOf(world.paths(name).lock, world.inspector), world.now())
}

/**
 * The owner is dead, and its refresher lives: it is about to end the worker and to let go. A refresher that is
 * stopped is resumed for that; its owner is dead, so this takes the session from nobody.
 */
const isBeingCleanedUp = (world: World, name: string): boolean => {
  const { stored, verdict } = inspectSession(world, name)
  if (stored.kind !== 'record' || verdict.state !== 'dead') return false
  const { refresher } = stored.record
  const liveness = partLiveness(stored.record, refresher, world.inspector.snapshot(), world.observer)
  if (refresher === null || liveness.kind !== 'alive') return false
  if (liveness.state === 'stopped') world.signal(refresher.pid, 'SIGCONT')
  return true
}

/** @returns `null` when it is held by more than the refresher of a dead owner */
export const acquireFree = async (world: World, name: string): Promise<HeldLock | null> => {
  const path = world.paths(name).lock
  const quick = await tryAcquire(path, world.lockTool, world.clock, ACQUIRE_SECONDS)
  if (quick !== null || !isBeingCleanedUp(world, name)) return quick
  return waitAcquire(path, world.lockTool, world.clock, OWNER_EXIT_SECONDS)
}
