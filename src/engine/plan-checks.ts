/** What a run needs, looked at while nothing has been touched. */
import { statSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import type { RunOptions } from '../core/run-options.ts'
import type { World } from '../world.ts'
import { checkLoop } from './loop-checks.ts'

const checkDirectory = (path: string): void => {
  try {
    if (statSync(path).isDirectory()) return
  } catch (error) {
    throw errors.io(`the working directory of the run, ${path}, is not there`, error)
  }
  throw errors.io(`the working directory of the run, ${path}, is not a directory`, 'ENOTDIR')
}

/** @throws LockError */
export const checkPlan = async (
  world: World,
  plan: { readonly cwd: string; readonly options: RunOptions },
): Promise<void> => {
  checkDirectory(plan.cwd)
  await checkLoop(world, plan)
}
