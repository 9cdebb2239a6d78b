const MILLISECONDS = 1000

/** All that is done once in a second, in one go: for a process at rest waking up costs more than what it does then. */
export class EverySecond {
  readonly #acts = new Set<() => void>()
  readonly #timer = setInterval(() => {
    for (const act of this.#acts) act()
  }, MILLISECONDS)

  /** @returns stops it */
  add(act: () => void): () => void {
    this.#acts.add(act)
    return () => void this.#acts.delete(act)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
