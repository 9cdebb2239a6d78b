/** Which session a person should look at first, and since when it cannot go on. Pure. */
import type { Attention } from './attention.ts'
import type { Now, SessionState, State } from './verdict.ts'

export type Watched = SessionState & { readonly attention: Attention | null }

/** What cannot go on by itself comes first. */
const ORDER: Readonly<Record<State, number>> = { hung: 1, dead: 2, unknown: 3, active: 4, free: 5 }

/** The smallest comes first: before everything else what asks for a person. */
export const urgency = ({ attention, verdict }: Watched): number =>
  attention === null ? ORDER[verdict.state] : 0

/** Whether a person has to do something before it goes on. */
export const needsPerson = (watched: Watched): boolean => urgency(watched) <= ORDER.dead

/** Seconds since it asked, hung or died; `null` when it does none of these, or when that is not known. */
export const troubleSeconds = (watched: Watched, now: Now): number | null => {
  const { attention, verdict, stored } = watched
  if (attention !== null) return Math.max(0, now.epoch - attention.since_epoch)
  if (!needsPerson(watched)) return null
  const record = stored.kind === 'record' ? stored.record : null
  const stall = record?.phase === 'running' ? record.watch?.stall : null
  if (verdict.state === 'hung' && stall != null) return Math.max(0, now.monotonic - stall.since)
  if (record?.ended != null) return Math.max(0, now.epoch - record.ended.epoch)
  return verdict.heartbeatAge
}

/** Those that need a person, the most urgent kind first; of one kind the one that has waited longest. */
export const urgentOnes = <Session extends Watched>(
  sessions: readonly Session[],
  now: Now,
): readonly Session[] => {
  const seconds = (session: Session): number => troubleSeconds(session, now) ?? 0
  return sessions.filter(needsPerson).toSorted((a, b) => urgency(a) - urgency(b) || seconds(b) - seconds(a))
}
