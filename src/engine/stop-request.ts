/**
 * What signals and request files ask of a running engine. A request only ever becomes more urgent:
 *
 * | have            | SIGINT            | SIGTERM, SIGHUP, SIGQUIT | SIGUSR2 with a request |
 * | --------------- | ----------------- | ------------------------ | ---------------------- |
 * | none            | drain             | terminate                | drain                  |
 * | drain           | terminate         | terminate                | drain                  |
 * | terminate       | terminate, kill   | terminate, kill          | terminate              |
 *
 * A SIGTERM that comes with a `supersede` request means that somebody takes the session over, and one with a `stop`
 * request that a person wants the end; without either it may be a shutdown, after which the run is to go on.
 *
 * A lock that is lost ends the worker as a SIGTERM does.
 */
import { constants } from 'node:os'
import type { Self, StopSignalName } from '../core/ports.ts'
import type { RequestKind } from '../store/requests.ts'

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT'

/** What a SIGTERM was announced with; or none came, and the lock is lost. */
type TerminateRequest = 'stop' | 'supersede' | 'lock-lost'

export type StopRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'drain'; readonly asked: 'ctrl-c' | 'request' }
  | { readonly kind: 'terminate'; readonly signal: StopSignal; readonly asked: TerminateRequest | null }

/** The others are how this program itself is asked to end. */
const MAY_BE_IGNORED: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT'])

/** A run that is held. */
export type FollowedRun = {
  /** What is asked for by file. */
  readRequest(): RequestKind | null
  /** Called for the first SIGINT. */
  onCtrlC(): void
}

const NO_RUN: FollowedRun = { readRequest: () => null, onCtrlC: () => undefined }

/** As a shell reports it. */
export const exitCodeOf = (signal: string): number =>
  128 + (constants.signals[signal as keyof typeof constants.signals] ?? 0)

export class StopRequests {
  /** Aborted by any request: a pause between iterations ends. */
  readonly drain = new AbortController()
  /** Aborted when the worker has to end. */
  readonly terminate = new AbortController()
  /** Aborted when even the grace is too long. */
  readonly kill = new AbortController()
  /** Aborted when this iteration is to end and the run is to go on; another one for each iteration. */
  interrupt = new AbortController()

  #current: StopRequest = { kind: 'none' }
  #run: FollowedRun = NO_RUN
  readonly #handlers: ReadonlyMap<StopSignalName, () => void>

  constructor() {
    this.#handlers = new Map<StopSignalName, () => void>([
      ['SIGINT', () => this.#interrupt()],
      ['SIGTERM', () => this.#terminate('SIGTERM')],
      ['SIGHUP', () => this.#terminate('SIGHUP')],
      ['SIGQUIT', () => this.#terminate('SIGQUIT')],
      ['SIGUSR2', () => this.checkFile()],
    ])
  }

  get current(): StopRequest {
    return this.#current
  }

  /** What the caller has set to be ignored stays so. */
  listen({ onSignal, ignoredSignals }: Pick<Self, 'onSignal' | 'ignoredSignals'>): void {
    const ignored = ignoredSignals.filter((signal) => MAY_BE_IGNORED.has(signal))
    for (const [signal, handler] of this.#handlers)
      onSignal(signal, ignored.includes(signal) ? () => undefined : handler)
  }

  /** From now on requests by file count too. */
  follow(run: FollowedRun): void {
    this.#run = run
  }

  /** Looks for a request; a signal that told of it may have come before anybody listened. */
  checkFile(): void {
    const request = this.#run.readRequest()
    if (request === 'interrupt-iteration') this.interrupt.abort()
    if (this.#current.kind !== 'none' || request !== 'stop-after-iteration') return
    this.#current = { kind: 'drain', asked: 'request' }
    this.drain.abort()
  }

  /** Somebody else may have the session: the worker must not work on beside his. */
  loseLock(): void {
    if (this.#current.kind !== 'terminate')
      this.#end({ kind: 'terminate', signal: 'SIGTERM', asked: 'lock-lost' })
  }

  #interrupt(): void {
    if (this.#current.kind !== 'none') {
      this.#terminate('SIGINT')
      return
    }
    this.#current = { kind: 'drain', asked: 'ctrl-c' }
    this.drain.abort()
    this.#run.onCtrlC()
  }

  #terminate(signal: StopSignal): void {
    if (this.#current.kind === 'terminate') {
      this.kill.abort()
      return
    }
    const request = signal === 'SIGTERM' ? this.#run.readRequest() : null
    const asked = request === 'stop' || request === 'supersede' ? request : null
    this.#end({ kind: 'terminate', signal, asked })
  }

  #end(request: StopRequest): void {
    this.#current = request
    this.drain.abort()
    this.terminate.abort()
  }
}
