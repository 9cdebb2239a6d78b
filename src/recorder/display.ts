/**
 * Shows output where the owner's goes: a terminal, a pipe, a file.
 *
 * A terminal may be held by Ctrl-S, and a pipe may be full, for hours; this thread has other things to do meanwhile. So
 * writes happen in Node's thread pool, one behind the other, and whoever has more waits for {@link Display.onIdle}.
 */
import { closeSync, fstatSync, openSync, statSync, write, writeSync } from 'node:fs'
import { shortReason } from '../core/system-error.ts'

const NULL_DEVICE = '/dev/null'
const RETRY_MILLISECONDS = 5

/** A write to a file does not wait for anybody; one to the null device shows nobody anything. */
const kindOf = (fd: number): 'file' | 'nothing' | 'other' => {
  try {
    const stats = fstatSync(fd)
    if (stats.isFile()) return 'file'
    return stats.isCharacterDevice() && stats.rdev === statSync(NULL_DEVICE).rdev ? 'nothing' : 'other'
  } catch {
    return 'other'
  }
}

export class Display {
  readonly #fd: number
  readonly #isFile: boolean
  /** For writes that never wait; `null` where there is none. */
  readonly #direct: number | null
  readonly #onGone: (reason: string) => void
  #waiting: Uint8Array[] = []
  #isBusy = false
  #isOff = false
  #whenIdle: (() => void)[] = []

  /**
   * @param openDirect see RecorderPorts
   * @param onGone called once with the system's code when it cannot be written any more
   */
  constructor(fd: number, openDirect: (fd: number) => number | null, onGone: (reason: string) => void) {
    this.#fd = fd
    const kind = kindOf(fd)
    this.#isFile = kind === 'file'
    this.#isOff = kind === 'nothing'
    this.#direct = kind === 'other' ? openDirect(fd) : null
    this.#onGone = onGone
  }

  get isIdle(): boolean {
    return this.#isOff || (!this.#isBusy && this.#waiting.length === 0)
  }

  /** A write is in the kernel, and may be for ever: a process that ends in order would wait for it. */
  get isBlocked(): boolean {
    return this.#isBusy
  }

  /** @param bytes not to be changed before {@link onIdle} */
  show(bytes: Uint8Array): void {
    if (this.#isOff) return
    if (this.#isFile) this.#writeFile(bytes)
    else {
      const rest = this.isIdle ? this.#writeDirectly(bytes) : bytes
      if (rest.length === 0) return
      this.#waiting.push(rest)
      this.#pump()
    }
  }

  /** Calls `act` when all is written or given up: at once when that is so. */
  onIdle(act: () => void): void {
    if (this.isIdle) act()
    else this.#whenIdle.push(act)
  }

  /** What waits, and what still comes, is not shown. */
  hide(): void {
    this.#isOff = true
    this.#waiting = []
    this.#tellIdle()
  }

  /** Shows what waits, and then has nothing of the caller's open any more: who reads a pipe to its end waits for that. */
  letGo(): void {
    this.onIdle(() => {
      this.hide()
      if (this.#direct !== null) closeSync(this.#direct)
      closeSync(this.#fd)
      // The lowest number that is free, so that no other file comes to be standard output or error.
      openSync(NULL_DEVICE, 'w')
    })
  }

  /** As much as there is room for: the thread pool costs more than the write. @returns the rest */
  #writeDirectly(bytes: Uint8Array): Uint8Array {
    if (this.#direct === null) return bytes
    try {
      return bytes.subarray(writeSync(this.#direct, bytes))
    } catch {
      return bytes // No room, or an error that the next write has too.
    }
  }

  #writeFile(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
    } catch (error) {
      this.#giveUp(shortReason(error))
    }
  }

  #pump(): void {
    const bytes = this.#waiting[0]
    if (this.#isBusy || bytes === undefined) return
    this.#isBusy = true
    write(this.#fd, bytes, 0, bytes.length, null, (error, count) => {
      // Somebody has made it non-blocking.
      if (shortReason(error) === 'EAGAIN') setTimeout(() => this.#written(0), RETRY_MILLISECONDS)
      else if (error === null) this.#written(count)
      else {
        this.#isBusy = false
        this.#giveUp(shortReason(error))
      }
    })
  }

  #written(count: number): void {
    this.#isBusy = false
    const bytes = this.#waiting.shift()
    if (bytes !== undefined && count < bytes.length) this.#waiting.unshift(bytes.subarray(count))
    if (this.#waiting.length > 0) this.#pump()
    else this.#tellIdle()
  }

  #giveUp(reason: string): void {
    if (!this.#isOff) this.#onGone(reason)
    this.hide()
  }

  #tellIdle(): void {
    const acts = this.#whenIdle
    this.#whenIdle = []
    for (const act of acts) act()
  }
}
