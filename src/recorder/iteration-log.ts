/** Writes the output of one iteration, in the segments of core/segments.ts. Every byte is written at once. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { MAX_TAIL_SEGMENTS, segmentBytes, segmentName, segmentsOf, tailBytes } from '../core/segments.ts'
import { shortReason } from '../core/system-error.ts'

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW

/** A full disk is not asked again for every piece: most of the time it still is. */
const RETRY_MILLISECONDS = 250

type OnDisk = { readonly offset: number; readonly size: number }

/** What a recorder before this one has written of the iteration, in order. */
const segmentsOnDisk = (dir: string, iteration: number): readonly OnDisk[] => {
  try {
    return segmentsOf(readdirSync(dir), iteration).map((segment) => ({
      offset: segment.offset,
      size: statSync(join(dir, segmentName(segment))).size,
    }))
  } catch {
    return []
  }
}

export type IterationLogPorts = {
  /** Called for bytes that could not be written, with the system's code. */
  onLost(bytes: number, reason: string): void
  /** Asked before a file is opened. */
  mayOpen(): boolean
}

/** `limit` in bytes. */
export type IterationOutput = { readonly dir: string; readonly iteration: number; readonly limit: number }

export class IterationLog {
  readonly iteration: number
  readonly #dir: string
  readonly #limit: number
  readonly #ports: IterationLogPorts
  #fd: number | null = null
  #segmentOffset = 0
  #position: number
  #lost = 0
  #brokenUntil = 0
  #brokenReason = ''
  /** The segment of the current position is there, and not open yet: it is gone on with. */
  #isResumed = false
  /** The segments behind the head that are there, oldest first. */
  readonly #tail: { readonly offset: number; size: number }[] = []
  /** Nothing has been written to the open segment yet. */
  #isEmpty = false

  constructor({ dir, iteration, limit }: IterationOutput, ports: IterationLogPorts) {
    this.iteration = iteration
    this.#dir = dir
    this.#limit = limit
    this.#ports = ports
    const found = segmentsOnDisk(dir, iteration)
    const last = found.at(-1)
    this.#segmentOffset = last?.offset ?? 0
    this.#position = this.#segmentOffset + (last?.size ?? 0)
    this.#isResumed = last !== undefined
    // They count, so that they go in their turn.
    this.#tail.push(...found.filter(({ offset }) => offset > 0))
  }

  /** Of all that the iteration has printed, kept or not. */
  get bytes(): number {
    return this.#position
  }

  get lost(): number {
    return this.#lost
  }

  write(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) {
      const room = this.#room()
      const part = rest.length > room ? rest.subarray(0, room) : rest
      this.#writeSome(part)
      rest = rest.subarray(part.length)
    }
  }

  /** What was written since it was removed is lost with it. */
  reopenRemoved(): void {
    if (this.#fd === null || fstatSync(this.#fd).nlink > 0) return
    this.close()
    this.#isResumed = false
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  /** Bytes that fit into the segment of the current position. */
  #room(): number {
    if (this.#fd !== null || this.#brokenUntil > 0 || this.#isResumed) {
      const room = this.#segmentOffset + segmentBytes(this.#segmentOffset, this.#limit) - this.#position
      if (room > 0) return room
    }
    this.close()
    this.#isResumed = false
    this.#segmentOffset = this.#position
    return segmentBytes(this.#segmentOffset, this.#limit)
  }

  #writeSome(bytes: Uint8Array): void {
    let written = 0
    if (this.#brokenUntil <= performance.now()) {
      try {
        this.#fd ??= this.#open()
        while (written < bytes.length) {
          const count = writeSync(this.#fd, bytes, written)
          written += count
          this.#isEmpty = false
          if (this.#segmentOffset > 0) this.#addToTail(count)
        }
        this.#brokenUntil = 0
      } catch (error) {
        this.#brokenReason = shortReason(error)
        this.#brokenUntil = performance.now() + RETRY_MILLISECONDS
      }
    }
    const lost = bytes.length - written
    this.#position += bytes.length
    if (lost === 0) return
    // What comes after the hole begins a segment of its own, whose name tells where.
    this.close()
    this.#isResumed = false
    if (this.#isEmpty) this.#remove(this.#segmentOffset)
    this.#isEmpty = false
    this.#lost += lost
    this.#ports.onLost(lost, this.#brokenReason)
  }

  #open(): number {
    if (!this.#ports.mayOpen())
      throw Object.assign(new Error('the directory of another run'), { code: 'ESTALE' })
    if (!this.#isResumed) this.#segmentOffset = this.#position
    const fd = openSync(this.#pathOf(this.#segmentOffset), FLAGS, 0o600)
    this.#isEmpty = !this.#isResumed
    this.#isResumed = false
    return fd
  }

  /** What is too old goes, but not before the newest holds something: on a full disk the old is all there is. */
  #addToTail(count: number): void {
    const last = this.#tail.at(-1)
    if (last?.offset === this.#segmentOffset) last.size += count
    else this.#tail.push({ offset: this.#segmentOffset, size: count })
    let total = this.#tail.reduce((sum, { size }) => sum + size, 0)
    while (total > tailBytes(this.#limit) || this.#tail.length > MAX_TAIL_SEGMENTS) {
      const oldest = this.#tail.shift()
      if (oldest === undefined) return
      this.#remove(oldest.offset)
      total -= oldest.size
    }
  }

  #remove(offset: number): void {
    try {
      unlinkSync(this.#pathOf(offset))
    } catch {
      // Gone already: somebody makes room by hand.
    }
  }

  #pathOf(offset: number): string {
    return join(this.#dir, segmentName({ iteration: this.iteration, offset }))
  }
}
