/** Finds and reads `engine.yaml`. Loads nothing else: most runs have none. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errors } from '../core/errors.ts'
import { shortReason } from '../core/system-error.ts'

const NAME = 'engine.yaml'

/** Nobody writes more by hand. */
const MAX_BYTES = 1024 ** 2

export type ConfigFile = { readonly path: string; readonly directory: string; readonly text: string }

const exists = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false // A directory that may not be searched: what is in it is not for this user.
  }
}

/** The nearest one, in `directory` or above it; `null` when there is none. */
const findConfig = (directory: string): string | null => {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, NAME)
    if (exists(path)) return path
    if (dirname(at) === at) return null
  }
}

const read = (path: string, user: number | undefined): string => {
  let fd: number | undefined
  try {
    // A FIFO of that name must not block the start.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw errors.configuration(path, 'it is not a regular file')
    // It holds commands: one that somebody else has put in a directory above, as in /tmp, is not for this user.
    if (user !== undefined && user !== 0 && stats.uid !== 0 && stats.uid !== user)
      throw errors.unsafe(
        `${path} belongs to another user, and its commands would run as you`,
        'Copy it, or work in a directory of your own.',
      )
    if (stats.size > MAX_BYTES) throw errors.configuration(path, 'it is larger than 1 MiB')
    return readFileSync(fd, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw errors.configuration(path, `it cannot be read (${shortReason(error)})`)
    throw error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * @param directory where to begin to look
 * @param user effective user id; `undefined` where there are none
 * @throws LockError `configuration` when it cannot be read, `unsafe` when it is another user's
 */
export const readConfigFile = (directory: string, user: number | undefined): ConfigFile | null => {
  const path = findConfig(directory)
  return path === null ? null : { path, directory: dirname(path), text: read(path, user) }
}
