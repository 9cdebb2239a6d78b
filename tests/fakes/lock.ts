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

/** A lock that is held, and whose file nobody takes away. */
export const HELD = {
  path: '/locks/demo.lock',
  fd: -1,
  tool: 'flock',
  loss: () => null,
  share: () => -1,
  release: () => undefined,
} as const satisfies HeldLock
