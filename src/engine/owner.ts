/**
 * The record in the hands of its owner.
 *
 * Every write is a beat, and carries its own promise: how long the next one may take. While a refresher lives the
 * owner does not write; {@link GuardKeeper} sees to that.
 */
import type { Ended, LockRecord } from '../core/record.ts'
import { messageOf } from '../core/system-error.ts'
import type { HeldLock, LockLoss } from '../store/kernel-lock.ts'
import type { SessionPaths } from '../store/paths.ts'
import { readRecord } from '../store/read-record.ts'
import { clearRequest } from '../store/requests.ts'
import { writeRecord } from '../store/write-record.ts'
import type { World } from '../world.ts'

type Changes = Partial<
  Pick<
    LockRecord,
    | 'phase'
    | 'shell'
    | 'iteration'
    | 'failures'
    | 'last_iteration'
    | 'loop'
    | 'worker'
    | 'members'
    | 'refresher'
    | 'evidence'
    | 'watch'
    | 'output_lost'
  >
>

type OwnerParts = {
  readonly world: World
  readonly paths: SessionPaths
  readonly lock: HeldLock
  /** Of exclusive paths and places. */
  readonly otherLocks: readonly HeldLock[]
  readonly record: LockRecord
  /** Added to the worker's environment. */
  readonly environment: Readonly<Record<string, string>>
}

export class Owner {
  readonly paths: SessionPaths
  readonly lock: HeldLock
  readonly otherLocks: readonly HeldLock[]
  readonly environment: Readonly<Record<string, string>>
  readonly #world: World
  #record: LockRecord
  #writeFailureReported = false
  #loss: LockLoss | null = null

  constructor({ world, paths, lock, otherLocks, record, environment }: OwnerParts) {
    this.#world = world
    this.paths = paths
    this.lock = lock
    this.otherLocks = otherLocks
    this.environment = environment
    this.#record = record
  }

  get record(): LockRecord {
    return this.#record
  }

  /**
   * What has happened to the lock file; `null` while the lock excludes others. Once it is lost it stays so: nothing is
   * written any more, and the run ends.
   */
  get lockLoss(): LockLoss | null {
    this.#loss ??= this.lock.loss()
    return this.#loss
  }

  /** Of the other locks, the first whose file was taken away: what it stands for excludes nobody any more. */
  get otherLoss(): { readonly path: string; readonly how: LockLoss } | null {
    for (const lock of this.otherLocks) {
      const how = lock.loss()
      if (how !== null) return { path: lock.path, how }
    }
    return null
  }

  /** With what the guard has written since; what is known here when the record on the disk is not this run's. */
  get newest(): LockRecord {
    const stored = readRecord(this.paths.record, this.#record.session)
    return stored.kind === 'record' && stored.record.cookie === this.#record.cookie
      ? stored.record
      : this.#record
  }

  /** Adopts what the refresher has recorded. Of the tree, because nothing else may lead to a process. */
  adoptRefresherState(): void {
    const { iteration, members, watch, evidence, heartbeat } = this.newest
    if (iteration.number !== this.#record.iteration.number) return
    // The next refresher goes on from here, and a heartbeat never goes back.
    this.#record = { ...this.#record, members, watch, evidence, heartbeat }
  }

  /** Changes that the next write carries. */
  stage(changes: Changes): void {
    this.#record = { ...this.#record, ...changes }
  }

  /** A write that fails (a full disk) is reported once and does not end the job: the next one may succeed. */
  write(changes: Changes, extraSeconds = 0): void {
    this.#put({ ...this.#record, ...changes }, extraSeconds)
  }

  #put(record: LockRecord, extraSeconds: number): void {
    if (this.lockLoss !== null) return
    const now = this.#world.now()
    this.#record = {
      ...record,
      heartbeat: { ...record.heartbeat, ...now, stale_after: record.options.stale_after + extraSeconds },
    }
    try {
      writeRecord(this.lock, this.paths.record, this.#record, this.#record.ended !== null)
      this.#writeFailureReported = false
    } catch (error) {
      if (!this.#writeFailureReported && this.lockLoss === null) this.#world.notify(messageOf(error))
      this.#writeFailureReported = true
    }
  }

  /**
   * The last write. After it the session is free.
   *
   * @param onWritten called before that: who writes for this owner when it dies must not do so without the lock
   */
  end(ended: Omit<Ended, 'epoch'>, onWritten: () => void = () => undefined): void {
    this.#put(
      {
        ...this.#record,
        phase: 'ended',
        // Processes of the worker may be alive: the next claim has to know where to search.
        ...(ended.reason === 'owner-died' ? {} : { worker: null, members: [] }),
        refresher: null,
        ended: { ...ended, epoch: this.#world.now().epoch },
      },
      0,
    )
    onWritten()
    // Without the lock it may be somebody else's.
    if (this.lockLoss === null) clearRequest(this.paths)
    // Whoever gets the session finds the other locks free.
    for (const lock of this.otherLocks) lock.release()
    this.lock.release()
  }
}
