/**
 * `--exclusive PATH`: a kernel lock for a directory or file, so that two runs that name the same one do not run at once,
 * whatever their sessions are called. The lock file is in the lock directory, named by a hash of the real path.
 *
 * It is the path alone that counts: a run with `--exclusive /a` and one with `--exclusive /a/b` do run at once.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ACQUIRE_SECONDS } from '../core/defaults.ts'
import { errors } from '../core/errors.ts'
import { createHash } from '../process/hash.ts'
import { holderOf, type LockFileHolder, writeHolder } from '../store/holder.ts'
import { type HeldLock, tryAcquire } from '../store/kernel-lock.ts'
import { makeOwnDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

/** The nearest directory with a `.git`, which is a directory or, in a linked work tree, a file. */
const workTreeOf = (directory: string): string => {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (at === dirname(at)) return directory
  }
}

const realPath = (path: string): string => {
  try {
    // The other one keeps the spelling, where the file system ignores upper and lower case.
    return realpathSync.native(path)
  } catch (error) {
    throw errors.noExclusivePath(path, error)
  }
}

/**
 * The real paths, each once, in the order in which every run takes them. `.` is the work tree of git that `cwd` is in,
 * or else `cwd`.
 *
 * @throws LockError `missing` when there is no such file or directory
 */
export const exclusivePaths = (given: readonly string[], cwd: string): readonly string[] => {
  const paths = given.map((path) => (path === '.' ? workTreeOf(realPath(cwd)) : realPath(resolve(cwd, path))))
  return [...new Set(paths)].sort()
}

const pathLockFile = (lockDir: string, path: string): string => {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 32)
  return join(lockDir, '.exclusive', `${hash}.lock`)
}

export type PathLock =
  | { readonly kind: 'taken'; readonly lock: HeldLock }
  | { readonly kind: 'held'; readonly holder: LockFileHolder }

export const takePath = async (
  { lockDir, lockTool, clock }: World,
  path: string,
  session: string,
): Promise<PathLock> => {
  const file = pathLockFile(lockDir, path)
  makeOwnDir(dirname(file))
  const lock = await tryAcquire(file, lockTool, clock, ACQUIRE_SECONDS)
  if (lock === null) return { kind: 'held', holder: holderOf(file) }
  writeHolder(lock.fd, { session, path })
  return { kind: 'taken', lock }
}
