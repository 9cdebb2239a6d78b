/**
 * All that is looked at again and again, in one go: for a process at rest, waking up costs more than what it does then.
 * So a process that is stirred looks once in a second, and one that is not, less often.
 */
import { timerMilliseconds } from './clock.ts'

/** At most so long after a stir, and not more often. */
const BUSY_SECONDS = 1

export class Looks {
  readonly #rest: () => number
  readonly #acts = new Set<() => void>()
  #awake = 0
  /** Whether the next look comes {@link BUSY_SECONDS} after the last. */
  #isSoon = false
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** @param rest seconds to the next look, when nothing stirs it */
  constructor(rest: () => number) {
    this.#rest = rest
    this.#wait()
  }

  /** @returns stops it */
  add(act: () => void): () => void {
    this.#acts.add(act)
    return () => void this.#acts.delete(act)
  }

  /** Looks once in a second, also when nothing stirs it. @returns ends that */
  stayAwake(): () => void {
    this.#awake += 1
    this.stir()
    return () => {
      this.#awake -= 1
    }
  }

  /** Something has happened, so there may be something to see. Cheap: it may be called for every byte. */
  stir(): void {
    if (this.#isSoon) return
    this.#isSoon = true
    clearTimeout(this.#timer)
    this.#wait()
  }

  /** Looks now, if the last look is a second old: the process is awake anyway. */
  alongside(): void {
    if (this.#secondsSince() < BUSY_SECONDS) return
    this.#last = performance.now()
    for (const act of this.#acts) act()
  }

  stop(): void {
    clearTimeout(this.#timer)
    // Nothing stirs it any more.
    this.#isSoon = true
  }

  #look(): void {
    this.#last = performance.now()
    this.#isSoon = this.#awake > 0
    // Before the acts: they may stir.
    this.#wait()
    for (const act of this.#acts) act()
  }

  #secondsSince(): number {
    return (performance.now() - this.#last) / 1000
  }

  #wait(): void {
    const pause = this.#isSoon ? BUSY_SECONDS : this.#rest()
    const left = Math.max(0, pause - this.#secondsSince())
    this.#timer = setTimeout(() => this.#look(), timerMilliseconds(left))
  }
}
