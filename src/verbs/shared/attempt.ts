import { formatError, LockError } from '../../core/errors.ts'
import type { World } from '../../world.ts'

/**
 * Does something to one of several sessions. When that fails the failure is reported, and the caller continues with the
 * next session.
 *
 * @param prefix before the message
 * @returns the exit code of `action`, or of its failure
 */
export const attempt = async (
  world: World,
  action: () => number | Promise<number>,
  prefix = '',
): Promise<number> => {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof LockError)) throw error
    world.notify(`${prefix}${formatError(error)}`)
    return error.exitCode
  }
}
