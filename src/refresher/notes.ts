/** Follows the notes that a worker leaves with `lock.sh progress` and `lock.sh attention`. */
import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { isProgress, parseNote, type WorkerNote } from '../core/note.ts'
import { READ_FLAGS } from '../store/open-file.ts'

const MAX_READ_BYTES = 16 * 1024

export type NewNotes = {
  /** Of progress. */
  readonly count: number
  /** Unix seconds; until then the worker has announced to be quiet. */
  readonly allowedUntil: number | null
}

const NEWLINE = 0x0a

export class NotesTail {
  readonly #path: string
  readonly #iteration: number
  #position = 0

  /** @param iteration only its own notes count: what an earlier one left running may write some too */
  constructor(path: string, iteration: number) {
    this.#path = path
    this.#iteration = iteration
  }

  /** The progress that came since the last time; at first all of the iteration, as it may have begun before this. */
  read(): NewNotes {
    const notes = this.readAll().filter(isProgress)
    const last = notes.at(-1)
    // A note promises for itself: a later one without a promise ends it.
    const allowedUntil = last === undefined || last.for === null ? null : last.epoch + last.for
    return { count: notes.length, allowedUntil }
  }

  /** Likewise, with the calls for attention, in order. */
  readAll(): readonly WorkerNote[] {
    let fd: number | undefined
    try {
      // Once in a second for most workers, which leave none: an error is dear.
      const found = lstatSync(this.#path, { throwIfNoEntry: false })
      if (found === undefined || found.size === this.#position) return []
      fd = openSync(this.#path, READ_FLAGS)
      const stats = fstatSync(fd)
      if (!stats.isFile() || stats.size === this.#position) return []
      // The file was truncated.
      if (stats.size < this.#position) this.#position = 0
      const start = Math.max(this.#position, stats.size - MAX_READ_BYTES)
      const buffer = Buffer.alloc(stats.size - start)
      // A line that is not whole yet is left for the next time.
      const length = buffer.lastIndexOf(NEWLINE, readSync(fd, buffer, 0, buffer.length, start) - 1) + 1
      this.#position = start + length
      return buffer
        .toString('utf8', 0, length)
        .split('\n')
        .flatMap((line) => parseNote(line) ?? [])
        .filter(({ iteration }) => iteration === this.#iteration)
    } catch {
      return [] // None yet.
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }
}
