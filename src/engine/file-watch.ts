/**
 * What a run stands on, and what can be taken away under it by an `rm -rf` or a `git clean`: its lock file and its
 * directory. Looked at once in a second, or as often as the heartbeat when that is quicker.
 *
 * A lock file that is gone is the end of the run: another run can hold the session, the path or the place by now, on a
 * new file. The directory is made again; what was in it is lost.
 */
import { EXIT_CODES, errors, formatError } from '../core/errors.ts'
import type { RunEnd } from '../core/loop/decide.ts'
import { printable } from '../core/printable.ts'
import { timerMilliseconds } from '../process/clock.ts'
import { remakeRun } from '../store/runs.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'
import type { StopRequests } from './stop-request.ts'

const LOOK_SECONDS = 1

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

/** @returns stops it */
export const watchFiles = (run: WatchedRun): (() => void) => {
  const seconds = Math.min(LOOK_SECONDS, run.owner.record.heartbeat.interval)
  const looks = setInterval(() => lookAtFiles(run), timerMilliseconds(seconds))
  return () => clearInterval(looks)
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
