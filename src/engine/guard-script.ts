import { constants, openSync } from 'node:fs'
import { errors } from '../core/errors.ts'

/**
 * The compiled guard, opened once: it can be started again when dist/ has been moved, removed or built anew meanwhile,
 * and is always of the same version as its owner.
 *
 * @throws LockError `missing`
 */
export const openGuardScript = (path: string): number => {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    throw errors.noGuard(path, error)
  }
}
