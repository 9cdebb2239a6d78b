/**
 * When a guard ticks: with the owner's pings, which come once for each interval, so that two processes at rest wake up
 * together; and a little later by itself when they stay away.
 */
import { timerMilliseconds } from '../process/clock.ts'

/** In intervals. */
const LATE = 1.1
/** Of two pings that come together, as after a pause of the guard, one is enough. */
const EARLY = 0.5

export class Pace {
  readonly #tick: () => void
  readonly #interval: number
  #last = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** @param interval in seconds */
  constructor(tick: () => void, interval: number) {
    this.#tick = tick
    this.#interval = interval
    this.#go()
  }

  ping(): void {
    if (performance.now() - this.#last < EARLY * this.#interval * 1000) return
    clearTimeout(this.#timer)
    this.#go()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#last = Number.POSITIVE_INFINITY
  }

  #go(): void {
    this.#last = performance.now()
    this.#timer = setTimeout(() => this.#go(), timerMilliseconds(LATE * this.#interval))
    this.#tick()
  }
}
