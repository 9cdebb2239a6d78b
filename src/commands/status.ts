import type { State } from '../core/verdict.ts'
import { inspectSession, type Snapshot } from '../session/snapshot.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'

/** What needs a person comes first. */
const ORDER: Readonly<Record<State, number>> = { hung: 0, dead: 1, unknown: 2, active: 3, free: 4 }

export const statusOf = (world: World, session: string): Snapshot => {
  checkLockDir(world.lockDir)
  return inspectSession(world, session)
}

export const statusOfAll = (world: World): readonly Snapshot[] => {
  if (!checkLockDir(world.lockDir)) return []
  const view = world.inspector.snapshot()
  const now = world.now()
  return listSessions(world.lockDir)
    .map((session) => inspectSession(world, session, view, now))
    .sort((a, b) => ORDER[a.verdict.state] - ORDER[b.verdict.state])
}
