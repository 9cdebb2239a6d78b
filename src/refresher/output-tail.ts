/** Follows what an iteration prints, at a cost that does not grow with how much that is. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { segmentName, segmentsOf } from '../core/segments.ts'
import { READ_FLAGS } from '../store/open-file.ts'

/** Of what came since the last reading, no more than its end is read. */
const MAX_READ_BYTES = 64 * 1024

export type NewOutput = { readonly bytes: number; readonly text: string; readonly total: number }

export class OutputTail {
  readonly #dir: string
  readonly #iteration: number
  readonly #buffer = Buffer.alloc(MAX_READ_BYTES)
  readonly #decoder = new TextDecoder()
  /** Offset of the segment that is read now; `null` before there is one. */
  #segment: number | null = null
  /** Of all that the iteration has printed. */
  #position = 0

  /** @param dir of the run's output */
  constructor(dir: string, iteration: number) {
    this.#dir = dir
    this.#iteration = iteration
  }

  read(): NewOutput {
    const from = this.#position
    let text = this.#readSegment()
    // Nothing more in this one: the recorder may have begun another, and that may be full by now too.
    if (this.#position === from) {
      const offsets = this.#laterSegments()
      for (const offset of offsets) {
        this.#segment = offset
        this.#position = Math.max(this.#position, offset)
        // One that has been begun only now is empty yet.
        text = this.#readSegment() || text
      }
    }
    return { bytes: this.#position - from, text, total: this.#position }
  }

  #laterSegments(): readonly number[] {
    try {
      return segmentsOf(readdirSync(this.#dir), this.#iteration)
        .map(({ offset }) => offset)
        .filter((offset) => offset > (this.#segment ?? -1))
    } catch {
      return []
    }
  }

  #readSegment(): string {
    const offset = this.#segment
    if (offset === null) return ''
    let fd: number | undefined
    try {
      fd = openSync(join(this.#dir, segmentName({ iteration: this.#iteration, offset })), READ_FLAGS)
      const stats = fstatSync(fd)
      const end = offset + stats.size
      if (!stats.isFile() || end <= this.#position) return ''
      const start = Math.max(this.#position, end - MAX_READ_BYTES)
      const bytes = readSync(fd, this.#buffer, 0, end - start, start - offset)
      this.#position = end
      return this.#decoder.decode(this.#buffer.subarray(0, bytes), { stream: true })
    } catch {
      return '' // Rotated away, or a disk in trouble: nothing to be seen, and no reason to fail.
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }
}
