/**
 * Whether what the processes of a worker move only goes round among them: a parent that asks its helper every second
 * whether it is still there, and gets an answer. Each byte that one of them writes another one reads, and nothing comes
 * from elsewhere or goes there. Pure; whether these processes can talk to each other is process/links.ts.
 */

/** Of all processes since the last sample: bytes, and the calls that moved them. */
export type Moved = { readonly read: number; readonly written: number; readonly calls: number }

/** An eventfd is written as often as somebody wants, and what has been written is read at once. */
const EVENT_BYTES = 8

const isOfEvents = (bytes: number, calls: number): boolean =>
  bytes % EVENT_BYTES === 0 && Math.abs(bytes) <= EVENT_BYTES * calls

/** A byte may be on its way while a sample is taken: then it has been written, and is read in the next one. */
export class Circulation {
  #open = 0
  #wasEven = false

  /** @returns whether as much was read as was written; one sample alone that differs does not end a series */
  isEven({ read, written, calls }: Moved): boolean {
    if (read + written === 0) return this.#keep(0, false)
    const open = this.#open + written - read
    if (isOfEvents(open, calls)) return this.#keep(0, true)
    if (this.#wasEven && this.#open === 0) return this.#keep(open, true)
    return this.#keep(0, false)
  }

  #keep(open: number, isEven: boolean): boolean {
    this.#open = open
    this.#wasEven = isEven
    return isEven
  }
}
