import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { momentOf, openSession } from './session.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * What is seen of every session of the lock directory, at one moment, in the order of their names.
 *
 * @throws LockError when the lock directory cannot be used
 */
export const snapshotAll = (world: World): readonly Snapshot[] => {
  if (!checkLockDir(world.lockDir)) return []
  const moment = momentOf(world)
  return listSessions(world.lockDir).map((session) => openSession(world, session).snapshot(moment))
}
