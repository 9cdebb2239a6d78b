/**
 * The beats of one iteration: when there is one, what is written, and what becomes history.
 *
 * | owner pings | watch   | written                                                |
 * | ----------- | ------- | ------------------------------------------------------ |
 * | yes         | no stall | a beat                                                |
 * | yes         | stall   | what is seen; the heartbeat stays as it was            |
 * | no          |         | nothing: the owner is not well, and that is to be seen |
 *
 * A heartbeat that has gone stale is an event of the run's history, and so is the beat that follows. What the worker asks
 * of a person is one too, and keeps it from beating until that is over.
 */
import { type Attention, attentionEvent } from '../core/attention.ts'
import type { EventEntry } from '../core/history.ts'
import type { AttentionKind } from '../core/note.ts'
import type { Clock, ProcessView } from '../core/ports.ts'
import type { Activity, LockRecord, ProcessReference, StallCause } from '../core/record.ts'
import type { ActivityMonitor } from './activity-monitor.ts'
import type { AttentionWatch } from './attention-watch.ts'

/** An owner that is stopped, or caught in a loop, sends no pings. */
export const PING_TIMEOUT_INTERVALS = 2

export type HeartbeatWorld = {
  readonly clock: Clock
  readonly monitor: ActivityMonitor
  readonly attention: Pick<AttentionWatch, 'look'>
  snapshot(): ProcessView
  /** The descendants of the worker that live now. */
  descendants(view: ProcessView): readonly ProcessReference[]
  write(record: LockRecord): void
  addHistory(event: EventEntry): void
  /** The worker has kept the heartbeat from beating until it was stale; `null`: it beats again. */
  hung(cause: StallCause | null): void
}

/** What has become of an iteration, as the events of the history say. */
export type WorkerState = {
  readonly isHung: boolean
  /** What it needs a person for. */
  readonly asks: AttentionKind | null
}

export class Heartbeat {
  readonly #world: HeartbeatWorld
  #record: LockRecord
  #lastPing: number
  #hungReported: boolean
  /** What has kept the last tick from beating; `null` when nothing did. */
  #reason: StallCause | 'owner-stopped' | null
  /** What the owner has been told that the worker hangs for; `null` when it does not. */
  #hung: StallCause | null = null
  /** What waits for a person; `null` when nothing does. */
  #asked: Attention | null = null

  constructor(world: HeartbeatWorld, record: LockRecord) {
    this.#world = world
    this.#record = record
    this.#lastPing = world.clock.monotonic()
    this.#reason = record.watch?.stall?.cause ?? null
    // Then the refresher before this one has reported it.
    this.#hungReported = this.#reason !== null && this.#age() > record.heartbeat.stale_after
    if (this.#reason === 'awaiting-input') this.#asked = world.attention.look().open
    // The one before may have died with it on its lips.
    const { watch } = record
    if (watch?.stall) this.#tellHung(watch.stall.cause)
  }

  get record(): LockRecord {
    return this.#record
  }

  get seen(): WorkerState {
    return { isHung: this.#hungReported, asks: this.#asked?.kind ?? null }
  }

  ping(): void {
    this.#lastPing = this.#world.clock.monotonic()
  }

  lost(bytes: number): void {
    this.#record = { ...this.#record, output_lost: bytes }
  }

  /** Between two ticks: what is asked of a person is to be known soon. */
  look(): void {
    const before = this.#asked
    this.#lookForAttention()
    if (this.#asked !== before) this.#write()
  }

  /** Once for each `heartbeat_interval`. */
  tick(): void {
    const { clock } = this.#world
    this.#lookForAttention()
    const pings =
      clock.monotonic() - this.#lastPing <= PING_TIMEOUT_INTERVALS * this.#record.heartbeat.interval
    if (!pings) {
      this.#reason = 'owner-stopped'
      this.#reportHung(this.#reason)
      return
    }
    const seen = { ...this.#record, ...this.#sample() }
    const { stall } = seen.watch
    if (stall === null) {
      this.#beat({ ...seen, watch: { ...seen.watch, beats: seen.watch.beats + 1 } })
      return
    }
    this.#record = seen
    this.#write()
    this.#reason = stall.cause
    this.#reportHung(stall.cause)
    this.#tellHung(stall.cause)
  }

  /** Takes a last sample, from which whoever writes next continues. Not a beat, and not written. */
  stop(): LockRecord {
    const { members, watch } = this.#sample()
    this.#record = { ...this.#record, members, watch }
    return this.#record
  }

  #sample(): Pick<LockRecord, 'members' | 'evidence'> & { readonly watch: Activity } {
    const view = this.#world.snapshot()
    const members = this.#world.descendants(view)
    const { worker, watch: before, evidence } = this.#record
    const seen = this.#world.monitor.sample(worker === null ? members : [worker, ...members], view)
    return {
      members,
      evidence: seen.evidence ?? evidence,
      watch: { ...this.#withAttention(seen.watch), beats: before?.beats ?? 0 },
    }
  }

  #lookForAttention(): void {
    const { open, overEpoch } = this.#world.attention.look()
    const { watch } = this.#record
    if (watch !== null && overEpoch !== (watch.attention_over ?? 0))
      this.#record = { ...this.#record, watch: { ...watch, attention_over: overEpoch } }
    const isNew = open !== null && (open.kind !== this.#asked?.kind || open.text !== this.#asked.text)
    if (isNew) {
      const { event, detail } = attentionEvent(open)
      this.#addEvent(event, detail)
    }
    if (isNew || open === null) this.#asked = open
  }

  /** Only a stop has a reason of its own: all else that is seen, or not seen, follows from the wait. */
  #withAttention(watch: Activity): Activity {
    const over = this.#record.watch?.attention_over
    const kept: Activity = over === undefined ? watch : { ...watch, attention_over: over }
    if (this.#asked === null || watch.stall?.cause === 'stopped') return kept
    const { clock } = this.#world
    const seconds = Math.max(0, clock.epoch() - this.#asked.since_epoch)
    return { ...kept, stall: { cause: 'awaiting-input', since: Math.max(0, clock.monotonic() - seconds) } }
  }

  #age(): number {
    return this.#world.clock.monotonic() - this.#record.heartbeat.monotonic
  }

  #beat(record: LockRecord): void {
    const { clock } = this.#world
    // Since the last tick it has gone stale; with no reason to, this process itself has been stopped.
    this.#reportHung(this.#reason ?? 'refresher-gone')
    this.#reason = null
    this.#record = {
      ...record,
      heartbeat: { ...record.heartbeat, epoch: clock.epoch(), monotonic: clock.monotonic() },
    }
    this.#write()
    if (this.#hungReported) this.#addEvent('active-again', record.evidence?.source ?? null)
    this.#hungReported = false
    if (this.#hung !== null) this.#world.hung(null)
    this.#hung = null
  }

  /** Of an owner that is stopped the worker's cause is not told: what is to be done about the worker it cannot do. */
  #tellHung(cause: StallCause): void {
    if (this.#hung !== null || this.#age() <= this.#record.heartbeat.stale_after) return
    this.#hung = cause
    this.#world.hung(cause)
  }

  #reportHung(cause: StallCause | 'owner-stopped' | 'refresher-gone'): void {
    if (this.#hungReported || this.#age() <= this.#record.heartbeat.stale_after) return
    this.#hungReported = true
    this.#addEvent('hung', cause)
  }

  #addEvent(event: EventEntry['event'], detail: string | null): void {
    const { generation, iteration } = this.#record
    this.#world.addHistory({
      kind: 'event',
      generation,
      epoch: this.#world.clock.epoch(),
      event,
      iteration: iteration.number,
      detail,
    })
  }

  #write(): void {
    try {
      this.#world.write(this.#record)
    } catch {
      // A full disk now may have room at the next beat; if not, the stale heartbeat says it.
    }
  }
}
