/**
 * Shows in the pane of the run what state it is in (tmux/pane-options.ts). A process is started only when that changes,
 * one after the other; of changes that come meanwhile the last one counts.
 */
import type { Clock } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import { type RunInPane, removeState, type ShownState, showState } from '../tmux/pane-options.ts'
import type { TmuxCaller } from '../tmux/tmux.ts'

type Wanted = { readonly run: RunInPane; readonly shown: ShownState | null }

const isSame = (a: ShownState | null, b: ShownState | null): boolean =>
  a?.state === b?.state && a?.attention === b?.attention

export class PaneState {
  readonly #caller: TmuxCaller
  readonly #clock: Clock
  /** `null` before anything was shown. */
  #wanted: Wanted | null = null
  /** What the pane was last made to show; `null` for nothing. */
  #last: ShownState | null = null
  #working: Promise<void> = Promise.resolve()
  #isWorking = false

  constructor(caller: TmuxCaller, clock: Clock) {
    this.#caller = caller
    this.#clock = clock
  }

  show({ session, generation, tmux }: LockRecord, shown: ShownState): void {
    if (tmux !== null) this.#want({ run: { session, generation, tmux }, shown })
  }

  /** Takes away what was shown; where nothing was, no process is started. */
  remove(): void {
    if (this.#wanted !== null) this.#want({ ...this.#wanted, shown: null })
  }

  /** Resolves when the pane shows what it should, at the latest after `seconds`. */
  async settle(seconds: number): Promise<void> {
    if (!this.#isWorking) return
    const settled = new AbortController()
    void this.#working.then(() => settled.abort())
    await this.#clock.sleep(seconds, settled.signal)
  }

  #want(wanted: Wanted): void {
    this.#wanted = wanted
    if (this.#isWorking || isSame(wanted.shown, this.#last)) return
    this.#isWorking = true
    this.#working = this.#work()
  }

  async #work(): Promise<void> {
    for (;;) {
      const wanted = this.#wanted
      if (wanted === null || isSame(wanted.shown, this.#last)) break
      this.#last = wanted.shown
      const { run, shown } = wanted
      await (shown === null ? removeState(this.#caller, run) : showState(this.#caller, run, shown))
    }
    this.#isWorking = false
  }
}
