/**
 * `--force`: ends an owner that holds the lock, cleanly first, then by force, until the kernel lock is free.
 *
 * The owner is told that it is superseded, so that it says so in its record and exit code. Whatever it does, this
 * does not claim before the kernel has given the lock: two owners at a time are not possible, only a refusal.
 * The claim ends what the owner leaves of its worker, as after any end that was not clean.
 */
import { errors } from '../core/errors.ts'
import { describeOwner } from '../core/held.ts'
import { ownerLiveness } from '../core/identity.ts'
import type { LockRecord } from '../core/record.ts'
import { lockHeldError } from '../session/acquire.ts'
import { askToEnd, awaitGone, isAlive } from '../session/end-owner.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { inspectSession } from '../session/snapshot.ts'
import { type HeldLock, waitAcquire } from '../store/kernel-lock.ts'
import { writeRequest } from '../store/requests.ts'
import type { World } from '../world.ts'

/** What a dead owner's refresher needs to end the worker and to let go. */
const REFRESHER_CLEARS_SECONDS = 3
const LOCK_FREE_SECONDS = 2

const endRefresher = async (world: World, record: LockRecord): Promise<void> => {
  const { refresher } = record
  if (refresher === null || (await awaitGone(world, record, refresher, REFRESHER_CLEARS_SECONDS))) return
  if (isAlive(world, record, refresher)) world.signal(refresher.pid, 'SIGKILL')
  await awaitGone(world, record, refresher, 1)
}

/** @throws LockError `held` when the lock does not become free, `unsafe` when the owner may not be signalled */
export const takeOver = async (
  world: World,
  name: string,
): Promise<{ readonly held: HeldLock; readonly incident: string | null }> => {
  const paths = world.paths(name)
  const { stored, verdict } = inspectSession(world, name)
  if (stored.kind !== 'record' || stored.record.ended !== null) throw lockHeldError(world, name)
  const { record } = stored
  const owner = ownerLiveness(record, world.inspector.snapshot(), world.observer)
  if (owner.kind === 'unknown') {
    throw errors.held(
      `${name} cannot be taken over from here: ${verdict.reason}`,
      'Run this where its owner runs.',
    )
  }

  world.notify(`taking ${name} over from ${describeOwner(record, world.now())}`)
  const incident = await tryToLeaveIncident(world, name, 'force')
  if (owner.kind === 'alive') {
    try {
      writeRequest(paths, 'supersede', record.generation)
    } catch (error) {
      // Without the request the owner does not record why it ends; it ends all the same.
      world.notify(error instanceof Error ? error.message : String(error))
    }
    const answer = await askToEnd(world, record)
    if (answer === 'denied') {
      throw errors.unsafe(
        `pid ${record.owner.pid} belongs to another user and may not be ended`,
        'Ask its user to end it.',
      )
    }
    if (answer === 'still-there' && isAlive(world, record, record.owner)) {
      world.notify(`pid ${record.owner.pid} does not end by itself; killing it`)
      world.signal(record.owner.pid, 'SIGKILL')
      await awaitGone(world, record, record.owner, 2)
    }
  }
  await endRefresher(world, record)
  const held = await waitAcquire(paths.lock, world.lockTool, world.clock, LOCK_FREE_SECONDS)
  if (held === null) throw lockHeldError(world, name)
  return { held, incident }
}
