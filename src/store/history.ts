/**
 * `NAME/history.jsonl` on the disk. Only a process that holds the kernel lock appends, as {@link writeRecord}; others may read meanwhile.
 *
 * An entry is written with one system call and is on the disk when `appendHistory` returns. An incomplete entry of a
 * crash stays in the file as a line of its own, which readers skip.
 */
import { isAscii } from 'node:buffer'
import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errors, LockError } from '../core/errors.ts'
import { encodeEntry, type History, type HistoryEntry, parseHistory } from '../core/history.ts'
import { isSessionName } from '../core/session-name.ts'
import { writeAll } from '../core/write-all.ts'
import { notAFile, openFile, reasonOf } from './open-file.ts'
import type { SessionPaths } from './paths.ts'
import { checkLock, type WriteLock } from './write-record.ts'

const NEWLINE = 0x0a

/** Reads the last byte too, so not write-only. A FIFO in its place is opened without waiting, and refused. */
const APPEND_FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

const isTorn = (fd: number, size: number): boolean => {
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE
}

const syncDirectory = (path: string): void => {
  const fd = openSync(dirname(path), constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** @throws LockError `io` */
export const appendHistory = (lock: WriteLock, paths: SessionPaths, entry: HistoryEntry): void => {
  checkLock(lock)
  const failed = (cause: unknown): LockError =>
    errors.io(`the history ${paths.history} could not be written`, cause)
  try {
    const fd = openSync(paths.history, APPEND_FLAGS, 0o600)
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile()) throw failed(`it ${notAFile(stats)}`)
      // Without the newline this entry would be lost with the incomplete one before it.
      const text = `${isTorn(fd, stats.size) ? '\n' : ''}${encodeEntry(entry)}`
      writeAll(Buffer.from(text), (rest) => writeSync(fd, rest))
      fdatasyncSync(fd)
      if (stats.size === 0) syncDirectory(paths.history)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw error instanceof LockError ? error : failed(error)
  }
}

/** `problem`: why the file could not be read, or not to its end; `null` when it was, or there is none. */
export type StoredHistory = History & { readonly problem: string | null }

/** No entry is longer. */
const CHUNK_BYTES = 4 * 1024 ** 2

const NOTHING: History = { entries: [], skipped: 0, torn: false }

const withFile = (path: string, read: (fd: number, size: number) => History): StoredHistory => {
  const opened = openFile(path)
  if (opened.kind === 'none') return { ...NOTHING, problem: null }
  if (opened.kind === 'problem') return { ...NOTHING, problem: `${path} ${opened.reason}` }
  const { fd, size } = opened
  try {
    const found = read(fd, size)
    // A long line may become visible page by page while it is written.
    const isBeingWritten = found.torn && fstatSync(fd).size !== size
    return { ...(isBeingWritten ? read(fd, fstatSync(fd).size) : found), problem: null }
  } catch (error) {
    return { ...NOTHING, problem: `${path} ${reasonOf(error)}` }
  } finally {
    closeSync(fd)
  }
}

/** Shorter when the file has become shorter. */
const readRange = (fd: number, from: number, to: number): Buffer => {
  const bytes = Buffer.allocUnsafe(to - from)
  let length = 0
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, from + length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}

/** Decodes text that is nearly always ASCII. */
const textOf = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')

const readWhole = (fd: number, size: number): History => {
  const entries: HistoryEntry[] = []
  let skipped = 0
  let torn = false
  let position = 0
  let inOverlongLine = false
  while (position < size) {
    const bytes = readRange(fd, position, Math.min(size, position + CHUNK_BYTES))
    if (bytes.length === 0) break
    const isLast = position + bytes.length >= size
    const start = inOverlongLine ? bytes.indexOf(NEWLINE) + 1 : 0
    const end = isLast ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1
    if (end === 0 || (inOverlongLine && start === 0)) {
      inOverlongLine = true
      torn = isLast
      position += bytes.length
      continue
    }
    if (inOverlongLine) skipped += 1
    inOverlongLine = false
    const part = parseHistory(textOf(bytes.subarray(start, end)))
    for (const entry of part.entries) entries.push(entry)
    skipped += part.skipped
    torn = part.torn
    position += end
  }
  return { entries, skipped, torn }
}

/** Never throws and never hangs. Holds the entries in memory, and not the file. */
export const readHistory = (paths: SessionPaths): StoredHistory => withFile(paths.history, readWhole)

/** More than a few hundred entries; a longer search backwards takes larger steps. */
const TAIL_BYTES = 64 * 1024
/** The search ends here: a file with fewer entries in so many bytes is mostly something else. */
const MAX_TAIL_BYTES = TAIL_BYTES * 4 ** 5

const readEnd = (fd: number, size: number, count: number): History => {
  for (let length = TAIL_BYTES; ; length *= 4) {
    const from = Math.max(0, size - length)
    const bytes = readRange(fd, from, size)
    // The first line was begun before.
    const start = from === 0 ? 0 : bytes.indexOf(NEWLINE) + 1
    const found = start === 0 && from > 0 ? NOTHING : parseHistory(textOf(bytes.subarray(start)))
    if (from === 0 || found.entries.length >= count || length >= MAX_TAIL_BYTES) {
      return { ...found, entries: count === 0 ? [] : found.entries.slice(-count) }
    }
  }
}

/** The last entries, in order; reads the file's end only. `skipped` and `torn` are of what it has read. */
export const lastHistory = (paths: SessionPaths, count: number): StoredHistory =>
  withFile(paths.history, (fd, size) => readEnd(fd, size, count))

/** The sessions that have a history, also those whose record is gone; none where the directory cannot be read. */
export const sessionsWithHistory = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir).filter(
      (name) => isSessionName(name) && existsSync(join(dir, name, 'history.jsonl')),
    )
  } catch {
    return []
  }
}
