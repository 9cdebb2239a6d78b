/** Inspects a session: what is stored, and the verdict on it. */

import { classify } from '../core/classify.ts'
import type { ProcessView } from '../core/ports.ts'
import type { Now, StoredRecord, Verdict } from '../core/verdict.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'

export type Snapshot = { readonly session: string; readonly stored: StoredRecord; readonly verdict: Verdict }

export const inspectSession = (
  world: World,
  session: string,
  view: ProcessView = world.inspector.snapshot(),
  now: Now = world.now(),
): Snapshot => {
  const stored = readRecord(world.paths(session).record, session)
  return { session, stored, verdict: classify(stored, view, world.observer, now) }
}
