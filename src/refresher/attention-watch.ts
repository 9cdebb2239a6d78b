/**
 * What the worker has asked of a person, and whether that is over: with a progress note, with text that is new, or with
 * something typed at the worker's terminal.
 *
 * The dialog that belongs to a call for attention is often drawn only after it, and a terminal answers questions of the
 * program meanwhile, so what comes within {@link SETTLE_SECONDS} is not taken for an answer.
 */
import { type Attention, attentionIn } from '../core/attention.ts'
import type { WorkerNote } from '../core/note.ts'
import { Novelty } from '../core/novelty.ts'
import type { Clock } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import type { ScreenSize } from '../core/screen-rows.ts'
import { terminalInputRead } from '../process/terminal-input-read.ts'
import { terminalSize } from '../process/terminal-size.ts'
import type { SessionPaths } from '../store/paths.ts'
import { NotesTail } from './notes.ts'
import { OutputTail } from './output-tail.ts'

const SETTLE_SECONDS = 2
/** Nobody asks more often without an answer. */
const MAX_NOTES = 100

export type AttentionSources = {
  readonly notes: Pick<NotesTail, 'readAll'>
  /** Read by this watch alone. */
  readonly output: Pick<OutputTail, 'read'>
  /** Of the terminal that the worker writes to; `null` for none. */
  readonly screenSize: () => ScreenSize | null
  /** When the terminal's input was last read, in a unit of its own; `null` when that cannot be seen. */
  readonly inputRead: () => number | null
  readonly clock: Clock
}

export type AttentionState = {
  readonly open: Attention | null
  /** Unix seconds: what was asked until then is over. */
  readonly overEpoch: number
}

const isSame = (a: Attention | null, b: Attention | null): boolean =>
  a === b || (a !== null && b !== null && a.kind === b.kind && a.text === b.text)

export class AttentionWatch {
  readonly #from: AttentionSources
  #notes: readonly WorkerNote[] = []
  #state: AttentionState
  /** What was printed since it was asked, and a good deal before. */
  #novelty = new Novelty()
  /** Of the monotonic clock. */
  #settledAt = 0
  #inputRead: number | null = null

  /** @param overEpoch from a watch before this one; 0 for none */
  constructor(from: AttentionSources, overEpoch: number) {
    this.#from = from
    this.#state = { open: null, overEpoch }
  }

  /** To be called every few seconds, and soon after output; cheap while nothing is asked. */
  look(): AttentionState {
    const heard = this.#from.notes.readAll()
    if (heard.length > 0) this.#hear(heard)
    if (this.#state.open !== null && this.#isAnswered())
      this.#state = { open: null, overEpoch: this.#notes.at(-1)?.epoch ?? this.#state.overEpoch }
    return this.#state
  }

  #hear(heard: readonly WorkerNote[]): void {
    this.#notes = [...this.#notes, ...heard].slice(-MAX_NOTES)
    const { open: before, overEpoch } = this.#state
    const open = attentionIn(this.#notes, overEpoch)
    this.#state = { open, overEpoch }
    if (open === null || isSame(before, open)) return
    this.#novelty = new Novelty()
    this.#settledAt = this.#from.clock.monotonic() + SETTLE_SECONDS
    this.#inputRead = this.#from.inputRead()
  }

  #isAnswered(): boolean {
    const { output, screenSize, inputRead, clock } = this.#from
    const { bytes, text } = output.read()
    const size = bytes > 0 ? screenSize() : null
    if (size !== null) this.#novelty.resize(size)
    const isNew = bytes > 0 && this.#novelty.observe(text) === 'new'
    const before = this.#inputRead
    this.#inputRead = inputRead()
    const isTyped = before !== null && this.#inputRead !== null && before !== this.#inputRead
    return clock.monotonic() >= this.#settledAt && (isNew || isTyped)
  }
}

/** @param record of the iteration that is watched */
export const createAttentionWatch = (
  { generation, iteration, worker, watch }: LockRecord,
  paths: SessionPaths,
  clock: Clock,
): AttentionWatch =>
  new AttentionWatch(
    {
      notes: new NotesTail(paths.notes(generation), iteration.number),
      output: new OutputTail(paths.run(generation), iteration.number),
      screenSize: () => (worker === null ? null : terminalSize(worker.pid)),
      inputRead: () => (worker === null ? null : terminalInputRead(worker.pid)),
      clock,
    },
    watch?.attention_over ?? 0,
  )
