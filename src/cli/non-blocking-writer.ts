/**
 * Lines for the user, written without ever blocking in the kernel: in a write to a terminal that is held by
 * Ctrl-S, or to a pipe that nobody reads for now, an owner could neither be stopped nor end.
 *
 * What finds no room waits here, in order, and is written when there is some.
 */
import { writeSync } from 'node:fs'
import { hasCode } from '../core/system-error.ts'
import { openNonBlocking } from '../process/non-blocking.ts'
import { pause, writeBytes } from './terminal.ts'

const RETRY_MS = 50
/** Enough for a terminal that a worker has just filled, and short enough to be waited for at the end. */
const FLUSH_MS = 1000
/** Of bytes that wait. The run's history has all that matters of what is beyond it. */
const MAX_BYTES = 64 * 1024

export class NonBlockingWriter {
  readonly #fd: number
  readonly #platform: string
  /** `undefined` before the first line. */
  #ownFd: number | null | undefined
  #waiting: Buffer = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  constructor(fd: number, platform: string) {
    this.#fd = fd
    this.#platform = platform
  }

  write(text: string): void {
    if (this.#ownFd === undefined) this.#ownFd = openNonBlocking(this.#fd, this.#platform)
    const bytes = Buffer.from(text)
    if (this.#ownFd === null) writeBytes(this.#fd, bytes)
    else if (this.#waiting.length + bytes.length > MAX_BYTES) this.#dropped += 1
    else {
      this.#waiting = Buffer.concat([this.#waiting, bytes])
      this.#put(this.#ownFd)
    }
  }

  /** The last chance of what waits; called once, before the process exits. */
  flush(): void {
    clearTimeout(this.#timer)
    const deadline = Date.now() + FLUSH_MS
    while (this.#waiting.length > 0 && this.#ownFd != null && Date.now() < deadline) {
      this.#put(this.#ownFd)
      if (this.#waiting.length > 0) pause()
    }
  }

  #put(fd: number): void {
    clearTimeout(this.#timer)
    try {
      while (this.#waiting.length > 0) {
        this.#waiting = this.#waiting.subarray(writeSync(fd, this.#waiting))
        if (this.#waiting.length > 0 || this.#dropped === 0) continue
        this.#waiting = Buffer.from(`(${this.#dropped} lines more, for which there was no room)\n`)
        this.#dropped = 0
      }
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) this.#timer = setTimeout(() => this.#put(fd), RETRY_MS)
      // The reader has gone, the terminal is closed.
      else this.#waiting = Buffer.alloc(0)
    }
  }
}
