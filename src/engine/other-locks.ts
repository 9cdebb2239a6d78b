/** The kernel locks that a run needs beside its session's: exclusive paths and places. All of them, or none. */
import type { LockError } from '../core/errors.ts'
import type { Limit, Place } from '../core/places.ts'
import type { RunOptions } from '../core/run-options.ts'
import { pathWant, placeWant, type Want } from '../core/ticket.ts'
import { type LockedSession, OWNER_EXIT_SECONDS } from '../session/locked-session.ts'
import { exclusivePaths, takePath } from '../session/path-locks.ts'
import { takePlace } from '../session/place-locks.ts'
import type { Session } from '../session/session.ts'
import type { LockFileHolder } from '../store/holder.ts'
import { type HeldLock, type WaitLimit, waitFree } from '../store/kernel-lock.ts'
import { inUseError, noPlaceError } from './held-locks.ts'

/** What keeps a run from starting. */
export type Blocked = {
  readonly kind: 'blocked'
  readonly want: Want
  /** From a new look: hours may have gone by. */
  error(): LockError
  /** @returns `null` when the time is up, else the session's lock, when that was waited for */
  wait(limit: WaitLimit): Promise<{ readonly locked: LockedSession | null } | null>
}

type Taken = { readonly kind: 'taken'; readonly lock: HeldLock; readonly place: Place | null }
type Held = { readonly kind: 'held'; readonly holders: readonly LockFileHolder[]; error(): LockError }

export type OtherLock = { readonly want: Want; take(): Promise<Taken | Held> }

export type OtherLocks = {
  readonly kind: 'taken'
  readonly locks: readonly HeldLock[]
  readonly places: readonly Place[]
}

const pathLock = ({ world, name }: Session, path: string): OtherLock => ({
  want: pathWant(path),
  async take() {
    const attempt = await takePath(world, path, name)
    if (attempt.kind === 'taken') return { ...attempt, place: null }
    const { holder } = attempt
    return { kind: 'held', holders: [holder], error: () => inUseError(world, path, holder) }
  },
})

const placeLock = ({ world, name }: Session, limit: Limit): OtherLock => ({
  want: placeWant(limit.group),
  async take() {
    const attempt = await takePlace(world, limit, name)
    if (attempt.kind === 'taken') return attempt
    const { holders } = attempt
    return { kind: 'held', holders, error: () => noPlaceError(world, limit, holders) }
  },
})

/**
 * In the order in which they are taken.
 *
 * @throws LockError `missing` for a path that is not there
 */
export const otherLocksOf = (
  session: Session,
  limits: readonly Limit[],
  { options, cwd }: { readonly options: RunOptions; readonly cwd: string },
): readonly OtherLock[] => [
  ...exclusivePaths(options.exclusive, cwd).map((path) => pathLock(session, path)),
  ...limits.map((limit) => placeLock(session, limit)),
]

const blockedBy = ({ world }: Session, { want }: OtherLock, { holders, error }: Held): Blocked => ({
  kind: 'blocked',
  want,
  error,
  async wait(limit) {
    const files = holders.map(({ file }) => file)
    return (await waitFree(files, world.lockTool, world.clock, limit)) ? { locked: null } : null
  },
})

/** With the session's lock held, what its last run still has is about to be free: its watchdog ends the worker. */
const takeAfterLastRun = async ({ world, name }: Session, wanted: OtherLock): Promise<Taken | Held> => {
  const attempt = await wanted.take()
  if (attempt.kind === 'taken') return attempt
  const own = attempt.holders.filter(({ session }) => session === name).map(({ file }) => file)
  const limit = { seconds: OWNER_EXIT_SECONDS }
  if (own.length === 0 || !(await waitFree(own, world.lockTool, world.clock, limit))) return attempt
  return wanted.take()
}

const releaseAll = (taken: readonly Taken[]): void => {
  for (const { lock } of taken) lock.release()
}

/** Only with the session's lock held. */
export const takeAll = async (
  session: Session,
  wanted: readonly OtherLock[],
): Promise<OtherLocks | Blocked> => {
  const taken: Taken[] = []
  try {
    for (const one of wanted) {
      const attempt = await takeAfterLastRun(session, one)
      if (attempt.kind === 'held') {
        releaseAll(taken)
        return blockedBy(session, one, attempt)
      }
      taken.push(attempt)
    }
  } catch (error) {
    releaseAll(taken)
    throw error
  }
  return {
    kind: 'taken',
    locks: taken.map(({ lock }) => lock),
    places: taken.flatMap(({ place }) => place ?? []),
  }
}

/**
 * Whether the session could have them if its owner were gone; tried before that one is ended.
 *
 * @returns what keeps it from that; `null` for nothing
 */
export const blockedByOthers = async (
  session: Session,
  wanted: readonly OtherLock[],
): Promise<Blocked | null> => {
  for (const one of wanted) {
    const attempt = await one.take()
    if (attempt.kind === 'taken') attempt.lock.release()
    else if (attempt.holders.every((holder) => holder.session !== session.name))
      return blockedBy(session, one, attempt)
  }
  return null
}
