/** What has changed from one look to the next, for `watch --json`. Pure. */
import { type SessionReport, sessionReport } from '../core/report.ts'
import type { Watched } from '../core/urgency.ts'
import type { Row } from './row.ts'

/** `first`: it was there when the watch began. */
export type ChangeKind = 'first' | 'new' | 'changed' | 'gone'

export type Change = {
  /** Unix seconds. */
  readonly epoch: number
  readonly change: ChangeKind
  readonly session: string
  readonly previous_state: string | null
} & Partial<SessionReport>

export type Look = { readonly snapshots: readonly Watched[]; readonly rows: readonly Row[] }

/** @param before `null` at the first look */
export const changesBetween = (before: Look | null, after: Look, epoch: number): readonly Change[] => {
  const known = new Map(before?.rows.map((row) => [row.session, row]))
  const there = new Set(after.rows.map(({ session }) => session))
  const gone = (before?.rows ?? []).filter(({ session }) => !there.has(session))
  const came = after.rows.flatMap((row, index): readonly Change[] => {
    const earlier = known.get(row.session)
    const snapshot = after.snapshots[index]
    if (snapshot === undefined || earlier?.change === row.change) return []
    const change = before === null ? 'first' : earlier === undefined ? 'new' : 'changed'
    return [{ epoch, change, previous_state: earlier?.state ?? null, ...sessionReport(snapshot) }]
  })
  return [
    ...gone.map(({ session, state }): Change => ({ epoch, change: 'gone', session, previous_state: state })),
    ...came,
  ]
}
