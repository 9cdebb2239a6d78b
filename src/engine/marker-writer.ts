/**
 * Writes markers into a stream, one behind the other, without ever waiting in the kernel: a thread that is blocked in a
 * write to a full pipe, or to a pane that is held by Ctrl-S, would keep this process from ending.
 */
import { closeSync, write } from 'node:fs'
import { promisify } from 'node:util'
import type { Clock } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'

/** While there is no room. */
const RETRY_SECONDS = 0.01

const writeSome = promisify(write)

export class MarkerWriter {
  readonly #fd: number
  readonly #clock: Clock
  readonly #closed = new AbortController()
  #last: Promise<boolean> = Promise.resolve(true)

  /** @param fd non-blocking, and shared with nobody; closed by {@link close} */
  constructor(fd: number, clock: Clock) {
    this.#fd = fd
    this.#clock = clock
  }

  /** Resolves when it is written (true), or cannot be: who is gone takes no markers, and needs none. */
  write(marker: Uint8Array): Promise<boolean> {
    this.#last = this.#last.then(() => this.#writeAll(marker))
    return this.#last
  }

  /** What is not written by now never will be. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#last
    closeSync(this.#fd)
  }

  async #writeAll(marker: Uint8Array): Promise<boolean> {
    for (let written = 0; written < marker.length; ) {
      if (this.#closed.signal.aborted) return false
      try {
        written += (await writeSome(this.#fd, marker, written)).bytesWritten
      } catch (error) {
        if (!hasCode(error, 'EAGAIN')) return false
        await this.#clock.sleep(RETRY_SECONDS, this.#closed.signal)
      }
    }
    return true
  }
}
