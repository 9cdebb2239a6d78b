import type { Observer } from './identity.ts'
import type { ProcessView } from './ports.ts'
import {
  causeOf,
  decide,
  isOwnerAlive,
  type Now,
  type StoredRecord,
  stateOf,
  type Verdict,
} from './verdict.ts'
import { describe } from './verdict-text.ts'

/** The verdict on a session, with its reason in words. Pure. @param view of the processes, as fresh as `now` */
export const classify = (stored: StoredRecord, view: ProcessView, observer: Observer, now: Now): Verdict => {
  const finding = decide(stored, view, observer, now)
  return {
    state: stateOf(finding),
    reason: describe(finding, now),
    cause: causeOf(finding),
    heartbeatAge: 'age' in finding ? Math.max(0, finding.age) : null,
    ownerAlive: isOwnerAlive(finding),
  }
}
