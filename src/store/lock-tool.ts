/** Which program takes the kernel lock for us: Node has no flock call. */
import { lstatSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { errors } from '../core/errors.ts'

export type LockTool = 'flock' | 'perl'
const LOCK_TOOLS: readonly LockTool[] = ['flock', 'perl']

const isInPath = (command: string, path: string): boolean =>
  path.split(delimiter).some((dir) => {
    try {
      return dir !== '' && lstatSync(join(dir, command)) !== undefined
    } catch {
      return false
    }
  })

/**
 * macOS has perl, and sometimes a flock of another make; Linux has util-linux.
 *
 * @param forced `LOCK_FLOCK_STRATEGY`
 * @throws LockError `missing` when neither is installed
 */
export const chooseLockTool = (platform: string, path: string, forced: string | undefined): LockTool => {
  if (forced !== undefined && !LOCK_TOOLS.includes(forced as LockTool)) {
    throw errors.usage(`LOCK_FLOCK_STRATEGY is ${forced}; it can be ${LOCK_TOOLS.join(' or ')}`)
  }
  const order: readonly LockTool[] =
    forced === undefined
      ? platform === 'darwin'
        ? ['perl', 'flock']
        : ['flock', 'perl']
      : [forced as LockTool]
  const tool = order.find((name) => isInPath(name, path))
  if (tool === undefined) throw errors.noLockTool()
  return tool
}
