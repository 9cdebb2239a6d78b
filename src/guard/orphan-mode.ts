/**
 * The watchdog after its owner's death. The guard may be at work, and then this only sees that it gets done; with the
 * guard gone too it ends the worker itself.
 *
 * It reads what is left of the output when the guard cannot: it has held the pipes' reading ends open all the time, so
 * that the worker's writes did not fail, and nothing in them was thrown away.
 */
import { partLiveness } from '../core/identity.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { type HeldLock, waitAcquire } from '../store/kernel-lock.ts'
import { awaitOwnerDeath, type DeadRunWorld, endDeadRun, findRun } from './dead-run.ts'
import type { GuardConfig } from './protocol.ts'

/** The guard needs no longer; after it whoever holds the lock has it because the run has ended, or is stopped. */
const GUARD_SECONDS = 3
const POLL_SECONDS = 0.02
const LOCK_WAIT_SECONDS = 2

export type OrphanRun = Pick<GuardConfig, 'known' | 'lockTool'> & {
  /** The PID of the newest guard, as its owner has told it; `null` when there was none. */
  readonly guardPid: number | null
  /** Of its paths and places, which this process has inherited. A second call does nothing. */
  releaseOtherLocks(): void
}

type GuardState = 'gone' | 'stopped' | 'there'

const guardState = (
  { inspector, observer }: DeadRunWorld,
  record: LockRecord,
  guard: ProcessReference | null,
): GuardState => {
  const liveness = partLiveness(record, guard, inspector.snapshot(), observer)
  if (liveness.kind === 'gone') return 'gone'
  return liveness.kind === 'alive' && liveness.state === 'stopped' ? 'stopped' : 'there'
}

/** One that was stopped before it could say that it is ready is in no record. It is known by the lock that it shares. */
const unrecordedGuard = (world: DeadRunWorld, { guardPid }: OrphanRun): ProcessReference | null => {
  if (guardPid === null) return null
  const found = world.inspector.snapshot().inspect(guardPid)
  if (found.kind !== 'process' || !world.hasLockOpen(guardPid)) return null
  return { pid: guardPid, pid_started: found.facts.started }
}

/** Who holds the lock while it lives; `null` when there is nobody. */
const guardOf = (world: DeadRunWorld, record: LockRecord, run: OrphanRun): ProcessReference | null =>
  guardState(world, record, record.refresher) === 'gone' ? unrecordedGuard(world, run) : record.refresher

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
    const guard = guardOf(world, record, run)
    const state = guardState(world, record, guard)
    const isLate = clock.monotonic() > deadline
    // A stopped guard holds the lock; awake it does the work itself.
    if (state === 'stopped' && guard !== null) world.signal(guard.pid, isLate ? 'SIGKILL' : 'SIGCONT')
    if (state === 'gone' || isLate) {
      const held = await waitAcquire(paths.lock, run.lockTool, clock, { seconds: LOCK_WAIT_SECONDS })
      if (held !== null) return held
      // Whoever has the session ends what is left, and needs them for that.
      if (state === 'gone') run.releaseOtherLocks()
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
  if (first.refresher !== null && guardOf(world, first, run) === null) startRecording(first)
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
    run.releaseOtherLocks()
    held.release()
  }
}
