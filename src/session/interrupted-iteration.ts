/** Reconciles the record and the history that a dead owner has left. Only with the kernel lock held. */
import { interruptedEntry, withKnownEnd } from '../core/interrupted-iteration.ts'
import { lastHistory } from '../store/history.ts'
import { outputBytes } from '../store/output.ts'
import type { World } from '../world.ts'
import type { LockedRecord, LockedSession } from './locked-session.ts'

/** No more events than these follow an iteration before the session is run again or reaped. */
const RECENT_ENTRIES = 20

/** The record, with the end of its iteration when only the history has it. */
export const reconcileWithHistory = (world: World, record: LockedRecord): LockedRecord =>
  withKnownEnd(record, lastHistory(world.paths(record.session), RECENT_ENTRIES).entries)

/**
 * Enters what a dead owner could not. An iteration that its refresher has entered already is not entered twice. A history
 * that cannot be written is reported, and blocks nobody.
 */
export const recordInterrupted = ({ session, history }: LockedSession, record: LockedRecord): void => {
  const { paths } = session
  const { generation } = record
  const iteration = record.iteration.number
  const entry = interruptedEntry(
    record,
    record.ended?.epoch ?? record.heartbeat.epoch,
    outputBytes(paths, generation, iteration),
  )
  const isKnown = lastHistory(paths, RECENT_ENTRIES).entries.some(
    (known) => known.kind === 'iteration' && known.generation === generation && known.iteration === iteration,
  )
  if (entry !== null && !isKnown) history.add(entry)
}
