/**
 * Stands by a bash script that has sourced lock.sh, for as long as it holds a session.
 *
 * The lock is a descriptor of the shell, and a shell cannot keep what it starts from inheriting it: a `sleep` that
 * outlives a killed script would hold the session. The sentinel has a copy of the same open file; when the shell is dead,
 * it unlocks it for all of them. It also does what the guard of an iteration would have done, when there was none, or it
 * was killed together with the shell.
 */
import { livenessOf, partLiveness } from '../core/identity.ts'
import type { LockRecord } from '../core/record.ts'
import type { HeldLock } from '../store/kernel-lock.ts'
import { readRecord } from '../store/read-record.ts'
import { type DeadRunWorld, endDeadRun } from './dead-run.ts'

/** Where a look starts a process (ps), not as often. */
const LOOK_SECONDS = 0.2
const COSTLY_LOOK_SECONDS = 2
/** A guard that lives ends the run within this time. */
const GUARD_SECONDS = 4
/** One that has just been started is not in the record yet. */
const NEW_GUARD_SECONDS = 1

/** As it is on the disk; `null` when it has ended, or is another run's. */
const openRun = (world: DeadRunWorld, known: LockRecord): LockRecord | null => {
  const stored = readRecord(world.paths.record, known.session)
  if (stored.kind !== 'record') return null
  const { record } = stored
  // Each iteration of a shell has a cookie of its own.
  const isSame =
    record.generation === known.generation &&
    record.started_epoch === known.started_epoch &&
    record.owner.pid === known.owner.pid
  return isSame && record.ended === null ? record : null
}

const isOwnerGone = ({ inspector }: DeadRunWorld, { owner }: LockRecord): boolean =>
  livenessOf(inspector.snapshot(), owner, owner.started_clock, inspector).kind === 'gone'

const isAlive = (world: DeadRunWorld, record: LockRecord, part: 'refresher' | 'supervisor'): boolean => {
  const reference = part === 'refresher' ? record.refresher : (record.shell?.supervisor ?? null)
  return partLiveness(record, reference, world.inspector.snapshot(), world.observer).kind === 'alive'
}

/** @returns the run when nobody else has ended it */
const awaitGuard = async (world: DeadRunWorld, known: LockRecord): Promise<LockRecord | null> => {
  const { clock } = world
  const begun = clock.monotonic()
  for (;;) {
    const record = openRun(world, known)
    if (record === null || record.phase !== 'running') return record
    const seconds = clock.monotonic() - begun
    const isGuarded = seconds < NEW_GUARD_SECONDS || isAlive(world, record, 'refresher')
    if (!isGuarded || seconds > GUARD_SECONDS) return record
    await clock.sleep(LOOK_SECONDS)
  }
}

/** One that is stopped would write into the record of the next run when it wakes up. */
const killSupervisor = (world: DeadRunWorld, record: LockRecord): void => {
  const supervisor = record.shell?.supervisor
  if (supervisor && isAlive(world, record, 'supervisor')) world.signal(supervisor.pid, 'SIGKILL')
}

/** @returns when the run has ended, by whoever's hand, and the lock is let go */
export const standBy = async (world: DeadRunWorld, known: LockRecord, lock: HeldLock): Promise<void> => {
  const seconds = world.inspector.hasProcfs ? LOOK_SECONDS : COSTLY_LOOK_SECONDS
  while (!isOwnerGone(world, known)) {
    if (lock.loss() !== null || openRun(world, known) === null) return
    await world.clock.sleep(seconds)
  }
  const record = await awaitGuard(world, known)
  if (record !== null) {
    killSupervisor(world, record)
    if (!(await endDeadRun(world, record, lock))) world.tellDeath(record, false)
  }
  lock.release()
}
