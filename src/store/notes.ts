import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { errors, LockError } from '../core/errors.ts'
import { encodeNote, parseNote, type WorkerNote } from '../core/note.ts'
import { notAFile, openFile } from './open-file.ts'
import type { SessionPaths } from './paths.ts'

const APPEND_FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** One write, so that the notes of two processes of a worker do not mix. Not synced: it is a sign of life. @throws LockError `io` */
export const appendNote = (paths: SessionPaths, generation: number, note: WorkerNote): void => {
  const path = paths.notes(generation)
  const failed = (cause: unknown): LockError => errors.io(`the note could not be written to ${path}`, cause)
  try {
    const fd = openSync(path, APPEND_FLAGS, 0o600)
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile()) throw failed(`it ${notAFile(stats)}`)
      const line = encodeNote(note)
      if (writeSync(fd, line) < Buffer.byteLength(line)) throw failed('ENOSPC')
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw error instanceof LockError ? error : failed(error)
  }
}

/** More than any note is long. */
const TAIL_BYTES = 16 * 1024

/** `null` when there is none, or none that can be read. */
export const lastNote = (paths: SessionPaths, generation: number, iteration: number): WorkerNote | null => {
  const opened = openFile(paths.notes(generation))
  if (opened.kind !== 'file') return null
  const { fd, size } = opened
  try {
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, size - buffer.length))
    const notes = text.split('\n').flatMap((line) => parseNote(line) ?? [])
    return notes.findLast((note) => note.iteration === iteration) ?? null
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}
