/**
 * What a run stands on, and what can be taken away under it by an `rm -rf` or a `git clean`: its lock file and its
 * directory. The guard looks at them every few seconds, and tells the owner when something is gone. Without a guard the owner
 * does it; with one it still looks when it sends a ping, since a guard may be stopped.
 *
 * A lock file that is gone is the end of the run: another run can hold the session, the path or the place by now, on a
 * new file. The directory is made again; what was in it is lost.
 */
import { EXIT_CODES, errors, formatError } from '../core/errors.ts'
import type { RunEnd } from '../core/loop/decide.ts'
import { printable } from '../core/printable.ts'
import { Looks } from '../process/looks.ts'
import { remakeRun } from '../store/runs.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'
import type { StopRequests } from './stop-request.ts'

const LOOK_SECONDS = 1
/** When no ping comes before, which the owner is awake for anyway. */
const BESIDE_GUARD_SECONDS = 60

export type WatchedRun = {
  readonly world: World
  readonly owner: Owner
  readonly stopRequests: Pick<StopRequests, 'loseLock'>
}

/** The directory first: what it has lost is said of a run that goes on. */
export const lookAtFiles = ({ world, owner, stopRequests }: WatchedRun): void => {
  const { lockLoss, otherLoss, paths, record } = owner
  if (lockLoss !== null || otherLoss !== null) {
    stopRequests.loseLock()
    return
  }
  try {
    if (remakeRun(paths, record.generation))
      world.notify(
        `${printable(paths.run(record.generation))} was removed; it is made again, and the output in it is lost`,
      )
  } catch {
    // What cannot be made cannot be written to either, and who writes says so.
  }
}

/** The guard, as far as it looks too. */
export type LookingGuard = {
  /** Whether there is one that is ready. */
  readonly isLooking: boolean
  /** @param look called when it has found something gone */
  onGone(look: () => void): void
  /** @param act called with each ping */
  onPing(act: () => void): void
}

export class FileWatch {
  readonly #run: WatchedRun
  readonly #looks: Looks
  #guard: LookingGuard | null = null

  constructor(run: WatchedRun) {
    this.#run = run
    this.#looks = new Looks(() => this.#seconds())
    this.#looks.add(() => lookAtFiles(run))
  }

  shareWith(guard: LookingGuard): void {
    this.#guard = guard
    guard.onGone(() => lookAtFiles(this.#run))
    guard.onPing(() => this.#looks.alongside())
  }

  stop(): void {
    this.#looks.stop()
  }

  /** The guard knows nothing of the files of places and paths. */
  #seconds(): number {
    const { otherLocks, record } = this.#run.owner
    if (this.#guard?.isLooking === true && otherLocks.length === 0) return BESIDE_GUARD_SECONDS
    return Math.min(LOOK_SECONDS, record.heartbeat.interval)
  }
}

/** A path or a place that others can take by now. The session's own lock still holds, so this end is recorded. */
const lostOtherEnd = (world: World, { otherLoss }: Owner): RunEnd | null => {
  if (otherLoss === null) return null
  const path = printable(otherLoss.path)
  world.notify(formatError(errors.lockLost(path, otherLoss.how)))
  return {
    reason: 'failed',
    exitCode: EXIT_CODES.io,
    detail: `the lock file ${path} of a path or place was ${otherLoss.how}`,
  }
}

/** The end of a run that has lost its lock, whatever its command has done. Says it, too. `null` while it has the lock. */
export const lostLockEnd = ({ world, owner }: Pick<WatchedRun, 'world' | 'owner'>): RunEnd | null => {
  const { lockLoss, lock } = owner
  if (lockLoss === null) return lostOtherEnd(world, owner)
  world.notify(formatError(errors.lockLost(printable(lock.path), lockLoss)))
  return {
    reason: 'failed',
    exitCode: EXIT_CODES.io,
    detail: `the lock file was ${lockLoss}, and this end is recorded nowhere`,
  }
}
