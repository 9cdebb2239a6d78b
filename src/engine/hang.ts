/** What the guard tells of a worker that hangs, for `--on-hung`: it knows the hang, and the owner acts. */
import type { Clock } from '../core/ports.ts'
import type { StallCause } from '../core/record.ts'

/**
 * Of one run. A guard that takes the place of another tells again what still holds, so nothing here depends on which guard
 * it was. The causes are the worker's: of an owner that is stopped and a guard that is gone nobody could be told here.
 */
export class Hang {
  readonly #clock: Clock
  #iteration = 0
  #cause: StallCause | null = null
  /** Aborted when the cause of now is over. */
  #over = new AbortController()
  #tellBegun: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  hear({ iteration, cause }: { readonly iteration: number; readonly cause: StallCause | null }): void {
    if (iteration !== this.#iteration || (cause === null) === (this.#cause === null)) return
    this.#cause = cause
    if (cause === null) {
      this.#over.abort()
      return
    }
    this.#over = new AbortController()
    this.#tellBegun()
  }

  /** What the iteration of now hangs for; `null` when it does not. */
  get cause(): StallCause | null {
    return this.#cause
  }

  /** An iteration begins: what was heard of others does not count. */
  begin(iteration: number): void {
    this.#over.abort()
    this.#iteration = iteration
    this.#cause = null
  }

  /** Resolves when the iteration has hung for `graceSeconds` without a break; never after `signal` was aborted. */
  async due(graceSeconds: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (this.#cause === null)
        await new Promise<void>((resolve) => {
          this.#tellBegun = resolve
        })
      const over = this.#over.signal
      await this.#clock.sleep(graceSeconds, AbortSignal.any([over, signal]))
      if (signal.aborted) return new Promise<never>(() => undefined)
      if (!over.aborted && this.#cause !== null) return
    }
  }
}
