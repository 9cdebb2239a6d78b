import { systemClock } from '../../src/process/clock.ts'
import { type HeldLock, tryAcquire } from '../../src/store/kernel-lock.ts'
import { chooseLockTool, type LockTool } from '../../src/store/lock-tool.ts'

export const LOCK_TOOL: LockTool = chooseLockTool(process.platform, process.env.PATH ?? '', undefined)

/** Holds the kernel lock as another process would: by another open file. */
export const holdLock = async (path: string): Promise<HeldLock> => {
  const lock = await tryAcquire(path, LOCK_TOOL, systemClock, 0)
  if (lock === null) throw new Error(`${path} is held already`)
  return lock
}
