/** Reads `NAME.json`. Never hangs and never throws: anything else than a record is reported with a reason. */
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import { parseRecord } from '../core/record-file.ts'
import { isSessionName } from '../core/session-name.ts'
import { hasCode, shortReason } from '../core/system-error.ts'
import type { StoredRecord } from '../core/verdict.ts'
import { READ_FLAGS } from './open-file.ts'

/** A record has some 2 KB; a command line may have 2 MB at most (ARG_MAX). */
const MAX_RECORD_BYTES = 4 * 1024 ** 2

/** It may be a good record that is readable later: a claim must not move it aside. */
const unreadable = (reason: string): StoredRecord => ({ kind: 'unreadable', reason })
/** No record at all, now and later. */
const corrupt = (reason: string): StoredRecord => ({ kind: 'corrupt', reason })

const HIDDEN = 'where nothing can be looked at'

const fileKind = (path: string): string => {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return 'nothing'
    if (stats.isSymbolicLink()) return 'a symbolic link, which is not followed'
    if (stats.isDirectory()) return 'a directory'
    return stats.isFile() ? 'a file' : 'a pipe, socket or device, not a file'
  } catch {
    return HIDDEN
  }
}

/** Why there is no record; asked only when there was nothing to read. */
const explain = (path: string, error: unknown): StoredRecord => {
  const what = fileKind(path)
  if (what === 'nothing') return { kind: 'none' }
  if (what === HIDDEN) return unreadable(`the record is ${what}`)
  if (what !== 'a file') return corrupt(`the record is ${what}`)
  if (error === null) return corrupt('the record is empty')
  if (hasCode(error, 'EACCES', 'EPERM')) return unreadable('the record may not be read')
  return unreadable(`the record cannot be read (${shortReason(error)})`)
}

/** A thousand sessions make no thousand buffers. */
let buffer = Buffer.alloc(16 * 1024)

/**
 * Reads by position, which a pipe or a terminal refuses: what is written into one is no record.
 *
 * @returns `null` when there is more than a record can have: a device has no end
 */
const readBounded = (fd: number): string | null => {
  let length = 0
  for (;;) {
    length += readSync(fd, buffer, length, buffer.length - length, length)
    // A file that did not fill the buffer has been read whole.
    if (length < buffer.length) return buffer.toString('utf8', 0, length)
    if (length > MAX_RECORD_BYTES) return null
    buffer = Buffer.concat([buffer], Math.min(buffer.length * 4, MAX_RECORD_BYTES + 1))
  }
}

export const readRecord = (path: string, session: string): StoredRecord => {
  let text: string | null
  try {
    const fd = openSync(path, READ_FLAGS)
    try {
      text = readBounded(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return hasCode(error, 'ENOENT') ? { kind: 'none' } : explain(path, error)
  }
  if (text === null) return corrupt(`the record is too large (over ${MAX_RECORD_BYTES} bytes)`)
  return text === '' ? explain(path, null) : parseRecord(text, session)
}

/** The names of all sessions that have a record, in order. */
export const listSessions = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
      .filter((entry) => entry.endsWith('.json'))
      .map((entry) => entry.slice(0, -'.json'.length))
      .filter(isSessionName)
      .sort()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw errors.noDirectory(dir, error)
  }
}
