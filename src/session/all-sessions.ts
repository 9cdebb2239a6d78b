import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { momentOf, openSession, type SessionFiles } from './session.ts'
import type { Moment, Snapshot } from './snapshot.ts'

/** How to look, for somebody who looks again and again. */
export type Sight = { readonly moment: Moment; readonly files: SessionFiles }

/**
 * What is seen of every session of the lock directory, at one moment, in the order of their names.
 *
 * @param more names of sessions that may have no record yet; they come last
 * @throws LockError when the lock directory cannot be used
 */
export const snapshotAll = (
  world: World,
  more: readonly string[] = [],
  sight: Partial<Sight> = {},
): readonly Snapshot[] => {
  if (!checkLockDir(world.lockDir)) return []
  const { moment = momentOf(world), files } = sight
  const names = new Set([...listSessions(world.lockDir), ...more])
  return [...names].map((session) => openSession(world, session).snapshot(moment, files))
}
