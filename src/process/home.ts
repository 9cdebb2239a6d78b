/** The home directory of whoever has started this process. */
import { homedir } from 'node:os'
import { errors } from '../core/errors.ts'

/** @throws LockError where HOME is not set and the user has no entry, as in a container with a user of its own */
export const homeDirectory = (): string => {
  try {
    return homedir()
  } catch {
    throw errors.usage(
      `user ${process.geteuid?.() ?? '?'} has no home directory, and HOME is not set`,
      'Set HOME, or LOCK_DIR to the directory for the locks.',
    )
  }
}
