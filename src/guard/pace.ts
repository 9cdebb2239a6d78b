/**
 * When a guard ticks: with the owner's pings, which come once for each interval, so that two processes at rest wake up
 * together; and a little later by itself when they stay away. It has no timer: one that is set anew with each ping would wake
 * up the process all the same.
 */

/** In intervals. */
const LATE = 1.1
/** Of two pings that come together, as after a pause of the guard, one is enough. */
const EARLY = 0.5

export class Pace {
  readonly #tick: () => void
  readonly #interval: number
  #last = Number.NEGATIVE_INFINITY

  /** @param interval in seconds */
  constructor(tick: () => void, interval: number) {
    this.#tick = tick
    this.#interval = interval
    this.#tickAfter(0)
  }

  ping(): void {
    this.#tickAfter(EARLY)
  }

  /** To be called at least once in an interval. */
  look(): void {
    this.#tickAfter(LATE)
  }

  #tickAfter(intervals: number): void {
    const now = performance.now()
    if (now - this.#last < intervals * this.#interval * 1000) return
    this.#last = now
    this.#tick()
  }
}
