/**
 * A session whose kernel lock this process holds: nobody else writes its record.
 *
 * What was seen before the lock was taken may be over since. So whoever acts on a record takes a {@link LockedRecord},
 * which only {@link LockedSession.read} gives.
 */
import { ACQUIRE_SECONDS } from '../core/defaults.ts'
import type { LockError } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import type { LockRecord } from '../core/record.ts'
import type { StoredRecord } from '../core/verdict.ts'
import { holdersOf } from '../process/holders.ts'
import { type HeldLock, type LockFile, tryAcquire, waitAcquire } from '../store/kernel-lock.ts'
import { readRecord } from '../store/read-record.ts'
import { HistoryWriter } from './history-writer.ts'
import { refuseOwnSession } from './own-session.ts'
import { momentOf, type Session } from './session.ts'
import { Snapshot } from './snapshot.ts'

declare const LOCKED: unique symbol

/** Read while the kernel lock was held. */
export type LockedRecord = LockRecord & { readonly [LOCKED]: true }

export class LockedSession {
  readonly session: Session
  readonly lock: HeldLock
  readonly history: HistoryWriter

  constructor(session: Session, lock: HeldLock) {
    this.session = session
    this.lock = lock
    this.history = new HistoryWriter(session.world, lock, session.paths)
  }

  read(): StoredRecord<LockedRecord> {
    const { paths, name } = this.session
    return readRecord(paths.record, name) as StoredRecord<LockedRecord>
  }

  /** What {@link read} gives, with the verdict on it. */
  snapshot(): Snapshot<LockedRecord> {
    const { world, name } = this.session
    return new Snapshot({ session: name, stored: this.read() }, world.observer, momentOf(world))
  }

  release(): void {
    this.lock.release()
  }
}

/** A shell has opened it itself, and keeps it. */
const fileOf = ({ paths, world: { lockDescriptor: descriptor } }: Session): LockFile =>
  descriptor === undefined ? paths.lock : { path: paths.lock, descriptor }

/** Tries for a moment: whoever only probes the lock holds it that long. @returns `null` when it is held */
const tryLock = async (session: Session): Promise<LockedSession | null> => {
  const { lockTool, clock } = session.world
  const lock = await tryAcquire(fileOf(session), lockTool, clock, ACQUIRE_SECONDS)
  return lock === null ? null : new LockedSession(session, lock)
}

/** Waits for at most `seconds`, or until `giveUp` is aborted. @returns `null` when it is held still */
export const waitForLock = async (
  session: Session,
  seconds: number,
  giveUp?: AbortSignal,
): Promise<LockedSession | null> => {
  const { lockTool, clock } = session.world
  const lock = await waitAcquire(fileOf(session), lockTool, clock, { seconds, giveUp })
  return lock === null ? null : new LockedSession(session, lock)
}

/** The refresher of a killed owner ends within this time; a claim that meets it waits instead of failing. */
export const OWNER_EXIT_SECONDS = 3

/**
 * What holds the lock of a dead owner is its guard, which is about to end the worker and to let go; in the first moments of
 * a run the record does not name it yet. A refresher that is stopped is resumed for that; its owner is dead, so this takes
 * the session from nobody.
 */
const lockAfterCleanup = async (session: Session, held: Snapshot): Promise<LockedSession | null> => {
  const { record, refresher } = held
  if (held.verdict.state !== 'dead') return null
  if (record?.refresher != null && refresher?.kind === 'alive' && refresher.state === 'stopped')
    session.world.signal(record.refresher.pid, 'SIGCONT')
  return waitForLock(session, OWNER_EXIT_SECONDS)
}

/** `held`: from after the lock was found held. */
export type LockAttempt =
  | { readonly kind: 'locked'; readonly locked: LockedSession }
  | { readonly kind: 'held'; readonly held: Snapshot }

/**
 * Takes the lock when nobody holds it but what is left of a dead owner.
 *
 * @throws LockError `held` from inside the session itself
 */
export const attemptLock = async (session: Session): Promise<LockAttempt> => {
  const free = await tryLock(session)
  if (free !== null) return { kind: 'locked', locked: free }
  const held = session.snapshot()
  refuseOwnSession(session.world, held.record)
  const cleaned = await lockAfterCleanup(session, held)
  return cleaned === null ? { kind: 'held', held } : { kind: 'locked', locked: cleaned }
}

/** An error that names the holder of the lock. @param held a snapshot from after the lock was found held */
export const lockHeldError = ({ world, paths }: Session, held: Snapshot): LockError =>
  heldError(held, holdersOf(paths.lock, world.inspector), world.now())
