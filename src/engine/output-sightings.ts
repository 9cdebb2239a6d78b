/**
 * Whether `--until-output` was printed in an iteration: what the recorder has sighted, but for what somebody has typed.
 *
 * In a pane the terminal itself writes the echo of keys; how that is told is in core/loop/typed-echo.ts. For it the worker
 * is looked at now and then while the iteration runs.
 */

import {
  isTypedEcho,
  needsLaterSample,
  SAMPLE_SECONDS,
  type TerminalSample,
} from '../core/loop/typed-echo.ts'
import { comparableText, type Sighting } from '../core/loop/until-output.ts'
import type { LockRecord } from '../core/record.ts'
import { terminalState } from '../process/terminal-state.ts'
import { endOf, outputOf, readFrom, type Segments } from '../store/output.ts'
import type { World } from '../world.ts'

const SAMPLE_INTERVAL_SECONDS = 0.2
const CARRIAGE_RETURN = 0x0d
const NEWLINE = 0x0a

const lineEndsIn = (segments: Segments, from: number, to: number): number => {
  let ends = 0
  let left = to - from
  let last = 0
  for (const piece of readFrom(segments, from)) {
    if (left <= 0) break
    if (piece.kind === 'gap') left -= piece.size
    if (piece.kind !== 'bytes') continue
    for (const byte of piece.bytes.subarray(0, left)) {
      if (byte === NEWLINE && last === CARRIAGE_RETURN) ends += 1
      last = byte
    }
    left -= piece.bytes.length
  }
  return ends
}

export class OutputSightings {
  readonly #world: World
  readonly #record: () => LockRecord
  /** What is looked for; `null` for nothing. */
  readonly #text: string | null
  #samples: TerminalSample[] = []
  /** Of a pane: they may yet turn out to be typed. */
  #open: Sighting[] = []
  #isSeen = false
  #sampling: AbortController | null = null

  constructor(world: World, record: () => LockRecord) {
    this.#world = world
    this.#record = record
    this.#text = record().options.until_output
  }

  /** @param worker its PID; `null` when nothing can be typed for it */
  begin(worker: number | null): void {
    this.#samples = []
    if (worker === null || this.#text === null || !this.#world.inspector.hasProcfs) return
    this.#sampling = new AbortController()
    void this.#sampleUntil(worker, this.#sampling.signal)
  }

  hear(sighting: Sighting & { readonly isPane: boolean }): void {
    if (sighting.isPane) this.#open.push(sighting)
    else this.#isSeen = true
  }

  /** The worker has ended. */
  end(): void {
    this.#sampling?.abort()
    this.#sampling = null
  }

  /** When all that the iteration has printed was read. @returns whether it was printed; the next iteration begins anew */
  take(): boolean {
    this.#settle(this.#open)
    const isSeen = this.#isSeen
    this.#open = []
    this.#isSeen = false
    return isSeen
  }

  async #sampleUntil(worker: number, over: AbortSignal): Promise<void> {
    const { clock } = this.#world
    while (!over.aborted) {
      this.#sample(worker)
      this.#settle(this.#open.filter((sighting) => !needsLaterSample(sighting, this.#samples)))
      await clock.sleep(SAMPLE_INTERVAL_SECONDS, over)
    }
  }

  #sample(worker: number): void {
    const { clock, inspector } = this.#world
    const at = clock.monotonic()
    const outputBytes = endOf(this.#segments())
    this.#samples.push({ at, outputBytes, ...terminalState(inspector.snapshot(), worker) })
    this.#samples = this.#samples.filter((sample) => sample.at > at - SAMPLE_SECONDS)
  }

  #segments(): Segments {
    const { session, generation, iteration } = this.#record()
    return outputOf(this.#world.paths(session), generation)?.iterations.get(iteration.number) ?? []
  }

  #settle(sightings: readonly Sighting[]): void {
    if (sightings.length === 0) return
    const bytes = new TextEncoder().encode(comparableText(this.#text ?? '')).length
    const segments = this.#segments()
    const lineEnds = (from: number, to: number): number => lineEndsIn(segments, from, to)
    for (const sighting of sightings)
      if (!isTypedEcho({ sighting, bytes, lineEnds }, this.#samples)) this.#isSeen = true
    this.#open = this.#open.filter((sighting) => !sightings.includes(sighting))
  }
}
