import type { Now } from '../core/verdict.ts'
import { ProcessMemory } from '../process/process-memory.ts'
import { FileMemory } from '../store/file-memory.ts'
import { recentNotes } from '../store/notes.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { snapshotAll } from './all-sessions.ts'
import type { SessionFiles } from './session.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * All sessions, for somebody who looks at them again and again.
 *
 * Records change every few seconds, notes hardly ever, and owners only end: a look at a session where nothing has changed
 * costs three system calls, and nothing is parsed.
 */
export class SessionMemory {
  readonly #world: World
  readonly #processes: ProcessMemory
  readonly #memory = new FileMemory()
  readonly #files: SessionFiles = {
    record: ({ record }, session) => this.#memory.take(record, () => readRecord(record, session)),
    notes: (paths, generation, iteration) =>
      this.#memory.take(paths.notes(generation), () => recentNotes(paths, generation, iteration), iteration),
  }

  constructor(world: World) {
    this.#world = world
    this.#processes = new ProcessMemory(world.inspector)
  }

  /** As {@link snapshotAll}. @param now what time it is @throws LockError when the lock directory cannot be used */
  look(now: Now, more: readonly string[]): readonly Snapshot[] {
    this.#memory.begin()
    const moment = { view: this.#processes.snapshot(), now }
    return snapshotAll(this.#world, more, { moment, files: this.#files })
  }
}
