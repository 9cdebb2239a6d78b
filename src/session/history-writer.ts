/** Adds to a session's history. A write that fails is reported once, and ends nothing. Only with the kernel lock held. */
import type { EventEntry, HistoryEntry } from '../core/history.ts'
import { messageOf } from '../core/system-error.ts'
import { appendHistory } from '../store/history.ts'
import type { SessionPaths } from '../store/paths.ts'
import type { WriteLock } from '../store/write-record.ts'
import type { World } from '../world.ts'

export class HistoryWriter {
  readonly #world: World
  readonly #lock: WriteLock
  readonly #paths: SessionPaths
  #failureReported = false

  constructor(world: World, lock: WriteLock, paths: SessionPaths) {
    this.#world = world
    this.#lock = lock
    this.#paths = paths
  }

  event(event: Omit<EventEntry, 'kind' | 'epoch'>): void {
    this.add({ kind: 'event', epoch: this.#world.clock.epoch(), ...event })
  }

  add(entry: HistoryEntry): void {
    try {
      appendHistory(this.#lock, this.#paths, entry)
      this.#failureReported = false
    } catch (error) {
      // A lock that is lost ends the run, and that says so.
      if (!this.#failureReported && this.#lock.loss() === null) this.#world.notify(messageOf(error))
      this.#failureReported = true
    }
  }
}
