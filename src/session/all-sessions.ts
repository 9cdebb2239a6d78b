import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { momentOf, openSession, type SessionFiles } from './session.ts'
import type { Moment, Snapshot } from './snapshot.ts'

/** How to look, for somebody who looks again and again. */
export type Sight = { readonly moment: Moment; readonly files: SessionFiles }

/**
 * What is seen of every session of the lock directory, at one moment, in the order of their names. Each is looked at when
 * it is asked for: of ten thousand records, who keeps none of them has one in memory.
 *
 * @param more names of sessions that may have no record yet; they come last
 * @throws LockError when the lock directory cannot be used
 */
export function* eachSnapshot(
  world: World,
  more: readonly string[] = [],
  sight: Partial<Sight> = {},
): Generator<Snapshot> {
  if (!checkLockDir(world.lockDir)) return
  const { moment = momentOf(world), files } = sight
  const names = new Set([...listSessions(world.lockDir), ...more])
  for (const session of names) yield openSession(world, session).snapshot(moment, files)
}

/** As {@link eachSnapshot}, all at once. */
export const snapshotAll = (...request: Parameters<typeof eachSnapshot>): readonly Snapshot[] => [
  ...eachSnapshot(...request),
]
