/** Looks at all sessions, once in a second or so. */
import type { LockRecord } from '../core/record.ts'
import type { Now } from '../core/verdict.ts'
import { SessionMemory } from '../session/session-memory.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { waitersOf, whoWaits } from '../session/who-waits.ts'
import { lastHistory } from '../store/history.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'
import { type Row, rowOf } from './row.ts'

/** Earlier iterations say little about those of now. */
const HISTORY_ENTRIES = 40

export type Seen = {
  readonly snapshots: readonly Snapshot[]
  readonly rows: readonly Row[]
  readonly now: Now
  /** The lock directory was there, and is not any more. */
  readonly isGone: boolean
}

export class Sessions {
  readonly #world: World
  #wasThere = false
  /** What the iterations of earlier runs have taken, by session: asked once for each run. */
  readonly #durations = new Map<
    string,
    { readonly generation: number; readonly seconds: readonly number[] }
  >()

  readonly #memory: SessionMemory

  constructor(world: World) {
    this.#world = world
    this.#memory = new SessionMemory(world)
  }

  /** @throws LockError when the lock directory cannot be used */
  look(): Seen {
    const now = this.#world.now()
    const waiting = whoWaits(this.#world)
    const names = waiting.map(({ ticket }) => ticket.session)
    const snapshots = this.#memory.look(now, names)
    const rows = snapshots.map((snapshot) =>
      rowOf(snapshot, this.#durationsOf(snapshot.record), now, waitersOf(waiting, snapshot.session)),
    )
    const isThere = snapshots.length > 0 || checkLockDir(this.#world.lockDir)
    this.#wasThere ||= isThere
    return { snapshots, rows, now, isGone: this.#wasThere && !isThere }
  }

  /** Of this run's own iterations; in its first one of those before it. */
  #durationsOf(record: LockRecord | null): readonly number[] {
    if (record === null || record.ended !== null) return []
    const { session, generation, loop } = record
    if (loop.durations.length > 0) return loop.durations
    const known = this.#durations.get(session)
    if (known?.generation === generation) return known.seconds
    const seconds = this.#fromHistory(session)
    this.#durations.set(session, { generation, seconds })
    return seconds
  }

  #fromHistory(session: string): readonly number[] {
    const { entries } = lastHistory(this.#world.paths(session), HISTORY_ENTRIES)
    return entries.flatMap((entry) =>
      entry.kind === 'iteration' && entry.result === 'ok' ? [entry.duration] : [],
    )
  }
}
