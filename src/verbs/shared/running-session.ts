import { errors } from '../../core/errors.ts'
import type { Liveness } from '../../core/identity.ts'
import { printable } from '../../core/printable.ts'
import type { LockRecord } from '../../core/record.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { Session } from '../../session/session.ts'

/** `text` says why there is nothing to do. */
export type RunningSession =
  | {
      readonly kind: 'running'
      readonly record: LockRecord
      readonly owner: Extract<Liveness, { kind: 'alive' }>
      readonly verdict: Verdict
    }
  | { readonly kind: 'not-running'; readonly text: string }

/**
 * The owner of a session that runs, for verbs that ask it for something.
 *
 * @param asked what the verb does to it, as in "cannot be stopped from here"
 * @throws LockError `bad-record`, or `held` when the owner cannot be seen from here
 */
export const runningSession = (session: Session, asked: string): RunningSession => {
  const { name, paths } = session
  const { record, owner, verdict } = session.snapshot()
  const notRunning = (text: string): RunningSession => ({ kind: 'not-running', text })
  if (record === null || owner === null) {
    if (verdict.state === 'free') return notRunning(`${name} has never run`)
    throw errors.badRecord(paths.record, printable(verdict.reason))
  }
  if (verdict.state === 'free') return notRunning(`${name} does not run: ${verdict.reason}`)
  if (verdict.state === 'dead')
    return notRunning(
      `${name} does not run any more: ${verdict.reason}. Continue: engine.sh run ${name}   Free the session: lock.sh reap ${name}`,
    )
  if (owner.kind !== 'alive')
    throw errors.held(
      `${name} cannot be ${asked} from here: ${verdict.reason}`,
      'Run this where its owner runs.',
    )
  return { kind: 'running', record, owner, verdict }
}
