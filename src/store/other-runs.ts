/** The processes that keep the other sessions of a lock directory: they belong to no worker. */
import { join } from 'node:path'
import { type Observer, recordLocation } from '../core/identity.ts'
import type { ProcessReference } from '../core/record.ts'
import { listSessions, readRecord } from './read-record.ts'

/** Never throws: a directory that cannot be read names nobody. */
const sessionsOf = (lockDir: string): readonly string[] => {
  try {
    return listSessions(lockDir)
  } catch {
    return []
  }
}

/** Owners and refreshers of all sessions but one, alive or not, where their start times can be compared here. */
export const otherRuns = (
  lockDir: string,
  observer: Observer,
  session: string,
): readonly ProcessReference[] =>
  sessionsOf(lockDir).flatMap((name) => {
    const stored = name === session ? null : readRecord(join(lockDir, `${name}.json`), name)
    if (stored?.kind !== 'record') return []
    const { record } = stored
    if (recordLocation(record, observer) !== 'here') return []
    if (record.owner.started_clock !== observer.startClock) return []
    return record.refresher === null ? [record.owner] : [record.owner, record.refresher]
  })
