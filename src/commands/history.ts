import { readHistory, type StoredHistory } from '../store/history.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

export const history = (world: World, session: string): StoredHistory => {
  checkLockDir(world.lockDir)
  return readHistory(world.paths(session))
}
