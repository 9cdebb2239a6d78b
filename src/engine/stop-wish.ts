/**
 * What the outside wants of a running engine. Wishes only grow:
 *
 * | have            | SIGINT            | SIGTERM, SIGHUP, SIGQUIT | SIGUSR2 with a request |
 * | --------------- | ----------------- | ------------------------ | ---------------------- |
 * | none            | after-iteration   | now                      | after-iteration        |
 * | after-iteration | now               | now                      | after-iteration        |
 * | now             | now, and hurry    | now, and hurry           | now                    |
 *
 * A SIGTERM that comes with a `supersede` request means that somebody takes the session over.
 */
import { constants } from 'node:os'
import type { RequestKind } from '../store/requests.ts'

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT'

export type StopWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'after-iteration'; readonly asked: 'ctrl-c' | 'request' }
  | { readonly kind: 'now'; readonly signal: StopSignal; readonly superseded: boolean }

/** As a shell reports it. */
export const exitCodeOf = (signal: string): number =>
  128 + (constants.signals[signal as keyof typeof constants.signals] ?? 0)

export class StopWishes {
  /** Aborted by any wish: a pause between iterations ends. */
  readonly soon = new AbortController()
  /** Aborted when the worker has to end. */
  readonly now = new AbortController()
  /** Aborted when even the grace is too long. */
  readonly hurry = new AbortController()
  /** Aborted when this iteration is to end and the run is to go on; another one for each iteration. */
  interrupt = new AbortController()

  #wish: StopWish = { kind: 'none' }
  readonly #readRequest: () => RequestKind | null
  readonly #onCtrlC: () => void
  readonly #handlers: ReadonlyMap<NodeJS.Signals, () => void>

  /**
   * @param readRequest what was asked for by file, of this run
   * @param onCtrlC called for the first SIGINT
   */
  constructor(readRequest: () => RequestKind | null, onCtrlC: () => void) {
    this.#readRequest = readRequest
    this.#onCtrlC = onCtrlC
    this.#handlers = new Map([
      ['SIGINT', () => this.#interrupt()],
      ['SIGTERM', () => this.#stopNow('SIGTERM')],
      ['SIGHUP', () => this.#stopNow('SIGHUP')],
      ['SIGQUIT', () => this.#stopNow('SIGQUIT')],
      ['SIGUSR2', () => this.look()],
    ])
  }

  get wish(): StopWish {
    return this.#wish
  }

  listen(): void {
    for (const [signal, handler] of this.#handlers) process.on(signal, handler)
  }

  /** Looks for a request; a signal that told of it may have come before anybody listened. */
  look(): void {
    const request = this.#readRequest()
    if (request === 'interrupt-iteration') this.interrupt.abort()
    if (this.#wish.kind !== 'none' || request !== 'stop-after-iteration') return
    this.#wish = { kind: 'after-iteration', asked: 'request' }
    this.soon.abort()
  }

  #interrupt(): void {
    if (this.#wish.kind !== 'none') {
      this.#stopNow('SIGINT')
      return
    }
    this.#wish = { kind: 'after-iteration', asked: 'ctrl-c' }
    this.soon.abort()
    this.#onCtrlC()
  }

  #stopNow(signal: StopSignal): void {
    if (this.#wish.kind === 'now') {
      this.hurry.abort()
      return
    }
    this.#wish = {
      kind: 'now',
      signal,
      superseded: signal === 'SIGTERM' && this.#readRequest() === 'supersede',
    }
    this.soon.abort()
    this.now.abort()
  }
}
