/** What every session of the lock directory did in a period of time. */
import { byNeed, type SessionPeriod, summarizePeriod } from '../core/period.ts'
import type { Span } from '../core/spans.ts'
import { readHistory, type StoredHistory, sessionsWithHistory } from '../store/history.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { momentOf, openSession } from './session.ts'

export type Periods = {
  /** Those that did something in the period, or need a person: the most urgent first. */
  readonly sessions: readonly SessionPeriod[]
  /** The names of the others. */
  readonly others: readonly string[]
  /** What could not be read of a session's history. */
  readonly unread: readonly ({ readonly session: string } & Omit<StoredHistory, 'entries'>)[]
}

/** @param since Unix seconds; the period lasts until now @throws LockError when the lock directory cannot be used */
export const periodsSince = (world: World, since: number): { readonly period: Span } & Periods => {
  const moment = momentOf(world)
  const period: Span = { from: since, to: moment.now.epoch }
  if (!checkLockDir(world.lockDir)) return { period, sessions: [], others: [], unread: [] }
  const names = new Set([...listSessions(world.lockDir), ...sessionsWithHistory(world.lockDir)])
  const sessions: SessionPeriod[] = []
  const others: string[] = []
  const unread: ({ session: string } & Omit<StoredHistory, 'entries'>)[] = []
  for (const name of names) {
    const session = openSession(world, name)
    const { entries, ...problems } = readHistory(session.paths)
    if (problems.problem !== null || problems.skipped > 0 || problems.torn)
      unread.push({ session: name, ...problems })
    const { stored, verdict, attention } = session.snapshot(moment)
    const found = summarizePeriod({ session: name, stored, verdict, attention, entries }, period)
    if (found === null) others.push(name)
    else sessions.push(found)
  }
  return { period, sessions: byNeed(sessions), others: others.sort(), unread }
}
