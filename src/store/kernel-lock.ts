/**
 * The kernel lock: an exclusive flock(2) on `NAME.lock`. Nothing else excludes a second owner.
 *
 * Calling sequence: {@link tryAcquire} (or {@link waitAcquire}) → a {@link HeldLock} → `release()`.
 *
 * flock(2) belongs to the open file, not to the process that asked: flock(1) or perl gets our descriptor as its
 * fd 3, locks, exits, and the lock stays with us, and with every process that inherits the descriptor. It ends
 * when the last of them has closed it or died; the kernel sees to that. `release()` unlocks first, so that a copy
 * that some daemon has kept open holds nothing. A descriptor that no process was given ({@link HeldLock.share}) is only closed.
 *
 * The lock file is never removed and never replaced by this program. If another program does (`rm -rf`, `git clean -fdx`,
 * a rename of the directory), a lock on the old file excludes nobody. So after locking, the descriptor is compared with the
 * path, and the path opened again; and {@link HeldLock.loss} compares them at any later moment, before each write for one.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs'
import { errors } from '../core/errors.ts'
import { poll } from '../core/poll.ts'
import type { Clock } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'
import type { LockTool } from './lock-tool.ts'

type Operation = 'try' | 'try-shared' | 'wait' | 'wait-shared' | 'unlock'

const PERL_OPERATIONS: Readonly<Record<Operation, string>> = {
  try: 'LOCK_EX|LOCK_NB',
  'try-shared': 'LOCK_SH|LOCK_NB',
  wait: 'LOCK_EX',
  'wait-shared': 'LOCK_SH',
  unlock: 'LOCK_UN',
}
const FLOCK_OPTIONS: Readonly<Record<Operation, readonly string[]>> = {
  try: ['-n'],
  'try-shared': ['-n', '-s'],
  wait: [],
  'wait-shared': ['-s'],
  unlock: ['-u'],
}
const CONTENDED = 1

/** Both take the descriptor as fd 3, and exit with 0 for locked and 1 for held by another process. */
const toolCall = (tool: LockTool, operation: Operation): readonly [string, ...string[]] =>
  tool === 'flock'
    ? ['flock', ...FLOCK_OPTIONS[operation], '3']
    : [
        'perl',
        '-MFcntl=:flock',
        '-e',
        `open(my $f, "+<&=", 3) or exit 2; exit(flock($f, ${PERL_OPERATIONS[operation]}) ? 0 : ($!{EWOULDBLOCK} ? 1 : 2))`,
      ]

const call = (tool: LockTool, operation: Operation, fd: number, attempts = 5): boolean => {
  const [command, ...args] = toolCall(tool, operation)
  const { status, signal, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'ignore', fd] })
  if (error !== undefined && hasCode(error, 'ENOENT')) throw errors.noLockTool()
  if (error !== undefined) throw errors.io(`${command} could not be started`, error)
  // A Ctrl-C in the terminal reaches the tool too; this process has its own handler for it.
  if (signal !== null && attempts > 1) return call(tool, operation, fd, attempts - 1)
  if (status !== 0 && status !== CONTENDED) {
    throw errors.lockToolFailed(command, signal ?? `exit code ${status}`)
  }
  return status === 0
}

/**
 * Runs the tool, which waits in the kernel and would wait on when this process is killed: so a reader of its standard input
 * kills the tool at the end of it. Before it has closed its copy of the descriptor the lock may be taken already: it is waited
 * for, or it would hold the lock for as long as it takes to die, past a release that only closes.
 */
const WAITER = `exec 4<&0 </dev/null
"$@" 4<&- & waiting=$!
{ read -r _ <&4; kill -KILL $waiting; } 3<&- 2>/dev/null & reader=$!
exec 4<&-
wait $waiting; code=$?
kill -KILL $reader; wait $reader
exit $code`

/** Like `call`, until `giveUp` is aborted. */
const callWaiting = (
  tool: LockTool,
  fd: number,
  giveUp: AbortSignal,
  operation: 'wait' | 'wait-shared' = 'wait',
): Promise<boolean> => {
  const [command, ...args] = toolCall(tool, operation)
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', WAITER, 'sh', command, ...args], {
      stdio: ['pipe', 'ignore', 'ignore', fd],
      detached: true,
    })
    const stop = (): void => void child.stdin?.destroy()
    child.stdin?.on('error', () => undefined)
    if (giveUp.aborted) stop()
    else giveUp.addEventListener('abort', stop, { once: true })
    child.on('error', (error) =>
      giveUp.aborted ? resolve(false) : reject(errors.io(`${command} could not be started`, error)),
    )
    child.on('close', (status, signal) => {
      giveUp.removeEventListener('abort', stop)
      if (status === 0 || giveUp.aborted) resolve(status === 0)
      else reject(errors.lockToolFailed(command, signal ?? `exit code ${status}`))
    })
  })
}

/**
 * Follows no link, and does not wait for the other end of a FIFO.
 *
 * @throws LockError `unsafe` when the path is not a regular file of this user
 */
const openLockFile = (path: string): number => {
  let fd: number
  try {
    fd = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o600,
    )
  } catch (error) {
    if (hasCode(error, 'ELOOP', 'EMLINK', 'EISDIR')) {
      throw errors.unsafe(
        `${path} should be an empty file and is a link or a directory`,
        'Find out who created it, then move it away.',
      )
    }
    if (hasCode(error, 'EACCES', 'EPERM'))
      throw errors.unsafe(`${path} may not be opened`, 'Check its owner and mode.')
    throw errors.io(`${path} cannot be opened`, error)
  }
  checkLockFile(fd, path)
  return fd
}

/** Closes the descriptor of what is none. @throws LockError `unsafe` */
const checkLockFile = (fd: number, path: string): void => {
  const stats = fstatSync(fd)
  const me = process.geteuid?.() ?? stats.uid
  if (!stats.isFile() || stats.uid !== me || stats.nlink > 1) {
    closeSync(fd)
    const what = !stats.isFile()
      ? 'is not a file'
      : stats.uid !== me
        ? `belongs to uid ${stats.uid}`
        : 'has a second name'
    throw errors.unsafe(`${path} ${what}`, 'Find out who created it, then move it away.')
  }
}

/** The file that a lock is taken on, for whoever opens it in another way. @throws LockError `unsafe` or `io` */
export const makeLockFile = (path: string): void => closeSync(openLockFile(path))

const isSameFile = (one: Stats, other: Stats): boolean => one.dev === other.dev && one.ino === other.ino

const isStillAt = (fd: number, path: string): boolean => {
  try {
    return isSameFile(fstatSync(fd), lstatSync(path))
  } catch {
    return false
  }
}

/** What has happened to the file at a held lock's path. The inode number of the locked file is not used again meanwhile. */
export type LockLoss = 'removed' | 'replaced'

/** What cannot be looked at just now (EIO of a disk that fails) proves nothing. */
const lossOf = (fd: number, path: string): LockLoss | null => {
  try {
    return isSameFile(lstatSync(path), fstatSync(fd)) ? null : 'replaced'
  } catch (error) {
    return hasCode(error, 'ENOENT', 'ENOTDIR') ? 'removed' : null
  }
}

export type HeldLock = {
  readonly path: string
  readonly fd: number
  readonly tool: LockTool
  /** Why the lock excludes nobody any more; `null` while the locked file is the one at the path. Two calls of stat(2). */
  loss(): LockLoss | null
  /** @returns the descriptor, for a process that is being started and holds the lock too */
  share(): number
  /** Unlocks and closes. A second call does nothing. */
  release(): void
}

const heldLock = (fd: number, path: string, tool: LockTool, isOnlyHere: boolean): HeldLock => {
  let open = true
  let isShared = !isOnlyHere
  return {
    path,
    fd,
    tool,
    loss: () => (open ? lossOf(fd, path) : null),
    share() {
      isShared = true
      return fd
    },
    release() {
      if (!open) return
      open = false
      try {
        // Closing does as much where nobody else has it, and starts no process.
        if (isShared) call(tool, 'unlock', fd)
      } finally {
        closeSync(fd)
      }
    },
  }
}

/** A lock that this process has inherited with its descriptor. */
export const adoptLock = (fd: number, path: string, tool: LockTool): HeldLock =>
  heldLock(fd, path, tool, false)

/** Lets go of an inherited lock for all who have a copy of its descriptor. */
export const unlockInherited = (fd: number, tool: LockTool): void => {
  try {
    call(tool, 'unlock', fd)
  } finally {
    closeSync(fd)
  }
}

/** A lock file by its path, or one that this process has inherited open. */
export type LockFile = string | { readonly path: string; readonly descriptor: number }

/** It is not opened again when it was replaced: whoever has opened it has to. */
const attemptInherited = async (
  { path, descriptor: fd }: Exclude<LockFile, string>,
  lock: (fd: number) => boolean | Promise<boolean>,
  tool: LockTool,
): Promise<HeldLock | null> => {
  checkLockFile(fd, path)
  if (!(await lock(fd))) return null
  // Open it stays: it may be tried again.
  if (isStillAt(fd, path))
    return { ...adoptLock(fd, path, tool), release: () => void call(tool, 'unlock', fd) }
  throw errors.held(`${path} was replaced while it was opened`, 'Try again.')
}

/** One open, one attempt; `null` when another process holds it. */
const attempt = async (
  file: LockFile,
  lock: (fd: number) => boolean | Promise<boolean>,
  tool: LockTool,
): Promise<HeldLock | null> => {
  if (typeof file !== 'string') return attemptInherited(file, lock, tool)
  const path = file
  for (;;) {
    const fd = openLockFile(path)
    let keep = false
    try {
      if (!(await lock(fd))) return null
      // The file was replaced between open and lock: a lock on the old one excludes nobody.
      if (!isStillAt(fd, path)) continue
      keep = true
      return heldLock(fd, path, tool, true)
    } finally {
      if (!keep) closeSync(fd)
    }
  }
}

const RETRY_PAUSE_SECONDS = 0.01

/**
 * Tries for `seconds`: a process that only probes the lock holds it for a moment, and must not make an owner fail.
 *
 * @returns `null` when it is held
 */
export const tryAcquire = async (
  file: LockFile,
  tool: LockTool,
  clock: Clock,
  seconds: number,
): Promise<HeldLock | null> =>
  poll(clock, { seconds, pauseSeconds: RETRY_PAUSE_SECONDS }, () =>
    attempt(file, (fd) => call(tool, 'try', fd), tool),
  )

/**
 * Waits in the kernel's queue, without polling, for at most `seconds`, or until `giveUp` is aborted.
 *
 * @returns `null` when it did not get the lock
 */
export const waitAcquire = async (
  file: LockFile,
  tool: LockTool,
  clock: Clock,
  limit: WaitLimit,
): Promise<HeldLock | null> =>
  within(clock, limit, (over) => attempt(file, (fd) => callWaiting(tool, fd, over), tool))

export type WaitLimit = { readonly seconds: number; readonly giveUp?: AbortSignal | undefined }

/** @param work gets a signal that is aborted when the time is up or `giveUp` is */
const within = async <T>(
  clock: Clock,
  { seconds, giveUp }: WaitLimit,
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> => {
  const timeUp = new AbortController()
  const done = new AbortController()
  void clock.sleep(seconds, done.signal).then(() => timeUp.abort())
  try {
    return await work(giveUp === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, giveUp]))
  } finally {
    done.abort()
  }
}

/** A file that is not there is locked by nobody. */
const awaitFree = async (path: string, tool: LockTool, over: AbortSignal): Promise<boolean> => {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true
    throw errors.io(`${path} cannot be opened`, error)
  }
  try {
    return await callWaiting(tool, fd, over, 'wait-shared')
  } finally {
    closeSync(fd)
  }
}

/**
 * Waits until one of these locks is free, without polling and without taking it. It may be held again by now.
 *
 * @returns whether one was, within the limit
 */
export const waitFree = (
  paths: readonly string[],
  tool: LockTool,
  clock: Clock,
  limit: WaitLimit,
): Promise<boolean> =>
  within(clock, limit, async (over) => {
    const found = new AbortController()
    const either = AbortSignal.any([over, found.signal])
    const waits = paths.map(async (path) => {
      const isFree = await awaitFree(path, tool, either)
      if (isFree) found.abort()
      return isFree
    })
    return (await Promise.all(waits)).includes(true)
  })

/** Probes the lock from outside: takes a shared lock for a moment. `absent` when there is no such file. */
export const probeLock = (path: string, tool: LockTool): 'held' | 'free' | 'absent' | 'unreadable' => {
  let fd: number
  try {
    // perl opens the descriptor for writing too, so it is opened that way here.
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return hasCode(error, 'ENOENT') ? 'absent' : 'unreadable'
  }
  try {
    return call(tool, 'try-shared', fd) ? 'free' : 'held'
  } finally {
    closeSync(fd)
  }
}
