import { closeSync, constants, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { errors, LockError } from '../core/errors.ts'
import { encodeNote, isProgress, type ProgressNote, parseNote, type WorkerNote } from '../core/note.ts'
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
/** Of an iteration that says more than this, the last notes count. */
const ITERATION_BYTES = 1024 ** 2

/** Those of one iteration in the last bytes of the file, in order; none when it cannot be read. */
const notesAtEnd = (path: string, iteration: number, bytes: number): readonly WorkerNote[] => {
  // Most sessions have none, and `status` asks for those of all: to find that out by an exception takes longer.
  if (!existsSync(path)) return []
  const opened = openFile(path)
  if (opened.kind !== 'file') return []
  const { fd, size } = opened
  try {
    const buffer = Buffer.alloc(Math.min(size, bytes))
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, size - buffer.length))
    return text
      .split('\n')
      .flatMap((line) => parseNote(line) ?? [])
      .filter((note) => note.iteration === iteration)
  } catch {
    return []
  } finally {
    closeSync(fd)
  }
}

/** The last that the worker has said in an iteration, in order: enough to tell what it says now. */
export const recentNotes = (
  paths: SessionPaths,
  generation: number,
  iteration: number,
): readonly WorkerNote[] => notesAtEnd(paths.notes(generation), iteration, TAIL_BYTES)

/** The last note of progress; `null` when there is none, or none that can be read. */
export const lastNote = (paths: SessionPaths, generation: number, iteration: number): ProgressNote | null =>
  recentNotes(paths, generation, iteration).filter(isProgress).at(-1) ?? null

/** What the worker's own scripts have said of their progress in one iteration, in order. */
export const iterationNotes = (
  paths: SessionPaths,
  generation: number,
  iteration: number,
): readonly ProgressNote[] =>
  notesAtEnd(paths.notes(generation), iteration, ITERATION_BYTES)
    .filter(isProgress)
    .filter(({ hook }) => hook === undefined)
