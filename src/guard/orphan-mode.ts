/**
 * The watchdog after its owner's death. The guard may be at work, and then this only sees that it gets done; with the
 * guard gone too it ends the worker itself.
 *
 * It reads what is left of the output when the guard cannot: it has held the pipes' reading ends open all the time, so
 * that the worker's writes did not fail, and nothing in them was thrown away.
 */
import { partLiveness } from '../core/identity.ts'
import type { LockRecord } from '../core/record.ts'
import { type HeldLock, waitAcquire } from '../store/kernel-lock.ts'
import { awaitOwnerDeath, type DeadRunWorld, endDeadRun, findRun } from './dead-run.ts'
import type { GuardConfig } from './protocol.ts'

/** The guard needs no longer; after it whoever holds the lock has it because the run has ended, or is stopped. */
const GUARD_SECONDS = 3
const POLL_SECONDS = 0.02
const LOCK_WAIT_SECONDS = 2

export type OrphanRun = Pick<GuardConfig, 'known' | 'lockTool'>

type GuardState = 'gone' | 'stopped' | 'there'

const guardState = ({ inspector, observer }: DeadRunWorld, record: LockRecord): GuardState => {
  const liveness = partLiveness(record, record.refresher, inspector.snapshot(), observer)
  if (liveness.kind === 'gone') return 'gone'
  return liveness.kind === 'alive' && liveness.state === 'stopped' ? 'stopped' : 'there'
}

/**
 * Waits for the guard to do it, then for the kernel lock.
 *
 * @returns `over` when the run has ended, or somebody else has claimed the session and so ended what was left
 */
const lockOpenRun = async (world: DeadRunWorld, run: OrphanRun): Promise<HeldLock | 'over' | 'lost'> => {
  const { paths, clock } = world
  const deadline = clock.monotonic() + GUARD_SECONDS
  for (;;) {
    const found = findRun(paths, run.known)
    if (found.kind !== 'open') return found.kind
    const { record } = found
    const state = guardState(world, record)
    const isLate = clock.monotonic() > deadline
    // A stopped guard holds the lock; awake it does the work itself.
    if (state === 'stopped' && record.refresher !== null)
      world.signal(record.refresher.pid, isLate ? 'SIGKILL' : 'SIGCONT')
    if (state === 'gone' || isLate) {
      const held = await waitAcquire(paths.lock, run.lockTool, clock, { seconds: LOCK_WAIT_SECONDS })
      if (held !== null) return held
    } else await clock.sleep(POLL_SECONDS)
  }
}

/**
 * @param record called when nobody else reads the worker's output any more: before what it says last
 * @returns when the run has ended, by whoever's hand
 */
export const runOrphanMode = async (
  world: DeadRunWorld,
  run: OrphanRun,
  record: (last: LockRecord) => void,
): Promise<void> => {
  const atFirst = findRun(world.paths, run.known)
  const first = atFirst.kind === 'open' ? atFirst.record : run.known
  if (atFirst.kind === 'over' || !(await awaitOwnerDeath(world, first))) return
  let isRecording = false
  const startRecording = (last: LockRecord): void => {
    if (!isRecording) record(last)
    isRecording = true
  }
  if (first.refresher !== null && guardState(world, first) === 'gone') startRecording(first)
  const held = await lockOpenRun(world, run)
  if (held === 'over') return
  // No lock, and none is needed: of what this run has left on the disk there is nothing to write to.
  if (held === 'lost') {
    await endDeadRun(world, first, null)
    return
  }
  try {
    const last = findRun(world.paths, run.known)
    if (last.kind !== 'open') return
    startRecording(last.record)
    // A guard that could not do it either has told nobody.
    if (!(await endDeadRun(world, last.record, held))) world.tellDeath(last.record, false)
  } finally {
    held.release()
  }
}
