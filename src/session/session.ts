import type { WorkerNote } from '../core/note.ts'
import type { StoredRecord, Verdict } from '../core/verdict.ts'
import { recentNotes } from '../store/notes.ts'
import type { SessionPaths } from '../store/paths.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { attentionOf } from './attention.ts'
import { type Moment, Snapshot } from './snapshot.ts'

/** Where what a snapshot needs is read: in the files, or what is remembered of them. */
export type SessionFiles = {
  record(paths: SessionPaths, session: string): StoredRecord
  /** As {@link recentNotes}. */
  notes(paths: SessionPaths, generation: number, iteration: number): readonly WorkerNote[]
}

const FILES: SessionFiles = {
  record: ({ record }, session) => readRecord(record, session),
  notes: recentNotes,
}

/**
 * A session of the lock directory. Opening it reads nothing; {@link snapshot} looks at it once, and locked-session.ts
 * takes its kernel lock.
 */
export class Session {
  readonly world: World
  readonly name: string
  readonly paths: SessionPaths

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.paths = world.paths(name)
  }

  /** @param moment shared by the snapshots of a list */
  snapshot(moment: Moment = momentOf(this.world), files = FILES): Snapshot {
    const { name: session, paths } = this
    const stored = files.record(paths, session)
    const asked = (verdict: Verdict) => attentionOf(stored, verdict, (...run) => files.notes(paths, ...run))
    return new Snapshot({ session, stored, asked }, this.world.observer, moment)
  }
}

export const openSession = (world: World, name: string): Session => new Session(world, name)

export const momentOf = (world: World): Moment => ({ view: world.inspector.snapshot(), now: world.now() })
