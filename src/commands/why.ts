import { type Diagnosis, diagnose } from '../session/diagnosis.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

export const why = (world: World, session: string): Promise<Diagnosis> => {
  checkLockDir(world.lockDir)
  return diagnose(world, session)
}
