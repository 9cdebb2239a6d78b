/** The lock directory: ours alone, on a local disk, or not used at all. */
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { emptiedAtBoot, mountTypeOf, networkTypeOf } from './file-systems.ts'

const shown = (path: string): string => (/[^\w./+-]/.test(path) ? JSON.stringify(path) : path)

const statOrNull = (dir: string): Stats | null => {
  try {
    return statSync(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw errors.noDirectory(dir, error)
  }
}

const checkSafe = (dir: string, stats: Stats): void => {
  if (!stats.isDirectory()) throw errors.unsafe(`${dir} is not a directory`, 'Move it away, or set LOCK_DIR.')
  const me = process.geteuid?.()
  if (me !== undefined && stats.uid !== me) {
    throw errors.unsafe(
      `${dir} belongs to another user (uid ${stats.uid}), who could change what is in it`,
      'Set LOCK_DIR to a directory of your own.',
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    throw errors.unsafe(
      `${dir} is open to other users (mode ${(stats.mode & 0o777).toString(8)})`,
      `chmod 700 ${shown(dir)}`,
    )
  }
}

/** Why a reboot empties the lock directory, in words; `null` when it does not. */
export const emptiedAtBootOf = (dir: string): string | null =>
  emptiedAtBoot(realpathSync(dir), statfsSync(dir).type)

/** The type of a network file system under `dir`, or `null`. */
export const networkFileSystemOf = (dir: string): string | null => {
  const { type } = statfsSync(dir)
  let mounts = ''
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    // Without it the kind of a FUSE file system is unknown, and it counts as local.
  }
  return networkTypeOf(type, mountTypeOf(realpathSync(dir), mounts))
}

/**
 * For verbs that only read.
 *
 * @returns false when there is no such directory, which is a machine where nothing has run yet
 * @throws LockError `unsafe`, `no-directory`
 */
export const checkLockDir = (dir: string): boolean => {
  const stats = statOrNull(dir)
  if (stats === null) return false
  checkSafe(dir, stats)
  return true
}

/** Not `recursive: true`: where a directory cannot be made and says ENOENT, as in /proc, Node tries for ever. */
const makeWithParents = (dir: string): void => {
  const parent = dirname(dir)
  if (parent !== dir && statOrNull(parent) === null) makeWithParents(parent)
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw errors.noDirectory(dir, error)
  }
}

/**
 * For verbs that take a lock: makes the directory, and checks its file system.
 *
 * @throws LockError `unsafe`, `no-directory`, `missing` for a network file system
 */
export const prepareLockDir = (dir: string): void => {
  makeWithParents(dir)
  const stats = statOrNull(dir)
  if (stats === null) throw errors.noDirectory(dir, 'it is a link to nothing')
  checkSafe(dir, stats)
  try {
    accessSync(dir, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw errors.noDirectory(dir, error)
  }
  const network = networkFileSystemOf(dir)
  if (network !== null) throw errors.networkFileSystem(dir, network)
}

/** Makes a directory in the lock directory; a link or file in its place is refused, not followed. */
export const makeOwnDir = (dir: string): void => {
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw errors.io(`${dir} cannot be made`, error)
    if (!lstatSync(dir).isDirectory()) {
      throw errors.unsafe(
        `${dir} should be a directory and is something else`,
        `Move it away:  mv ${shown(dir)} ${shown(dir)}.aside`,
      )
    }
  }
}
