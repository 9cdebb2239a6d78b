/**
 * From nothing to owner.
 *
 * 1. Take all locks that the run needs (acquire.ts): wait as asked; with `--force` end the owner; else refuse and say who
 *    has them. That reads the record and plans the run under the session's lock, and touches nothing.
 * 2. The last run did not end cleanly: find what is left of its worker and end it.
 * 3. Write the new record, generation + 1, to the disk. From here on this process is the owner.
 */
import { errors } from '../core/errors.ts'
import type { EventEntry } from '../core/history.ts'
import { recordLocation } from '../core/identity.ts'
import type { RunPlan } from '../core/plan.ts'
import type { LockRecord, ShellOwner, TmuxTarget } from '../core/record.ts'
import { checkCgroupStrategy, prepareMoves, removeCgroup } from '../process/cgroup.ts'
import { limitMemory, type MemoryGroup, observedMemory } from '../process/memory-group.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import type { LockedRecord } from '../session/locked-session.ts'
import { openSession, type Session } from '../session/session.ts'
import { prepareLockDir } from '../store/lock-dir.ts'
import { pruneRuns } from '../store/prune-runs.ts'
import { clearRequest } from '../store/requests.ts'
import { openRun } from '../store/runs.ts'
import { removeTemporaryFiles, writeRecord } from '../store/write-record.ts'
import { removeState } from '../tmux/pane-options.ts'
import type { World } from '../world.ts'
import { abortable } from './aborted.ts'
import { type Acquired, type AcquireRequest, acquire } from './acquire.ts'
import { firstRecord } from './first-record.ts'
import { clearLastRun, endedCleanly } from './last-run.ts'
import { Owner } from './owner.ts'

export type ClaimRequest = AcquireRequest & {
  /** Added to the worker's environment, from `engine.yaml`. */
  readonly environment?: Readonly<Record<string, string>>
  /** Set when the owner is to be a shell. */
  readonly shell?: ShellOwner
}

export type Claim = {
  readonly owner: Owner
  readonly plan: RunPlan
  readonly history: HistoryWriter
  /** Of its workers; see process/memory-group.ts. */
  readonly memory: MemoryGroup | null
}

/** @throws LockError `missing` when the run is to have a limit, and none can be set */
export const memoryGroupOf = ({ inspector, env }: World, record: LockRecord): MemoryGroup | null => {
  const { session, generation, cgroup } = record
  const { memory_max: bytes } = record.options
  if (bytes === null) return inspector.hasProcfs ? observedMemory(cgroup) : null
  const isPossible = inspector.hasProcfs && env.LOCK_CGROUP_STRATEGY !== 'none'
  const limited = isPossible ? limitMemory(cgroup, { session, generation, bytes }) : null
  if (limited === null) throw errors.noMemoryGroup()
  return limited
}

/** Makes room for the new run, and gives it its number. */
const openNextRun = ({ world, paths }: Session, last: LockedRecord | null, keep: number): number => {
  const generation = openRun(paths, last?.generation ?? 0)
  for (const problem of pruneRuns(paths, keep).problems) world.notify(problem)
  removeTemporaryFiles(paths.record)
  // What an iteration had left in the background may have ended since.
  if (last !== null && recordLocation(last, world.observer) === 'here') removeCgroup(last.cgroup)
  clearRequest(paths)
  return generation
}

const claimEvent = (
  plan: RunPlan,
  takenOver: Acquired['takenOver'],
): Pick<EventEntry, 'event' | 'detail'> => {
  if (takenOver !== null) return { event: 'forced', detail: takenOver.incident }
  const { continues } = plan
  return continues === null
    ? { event: 'claimed', detail: null }
    : { event: 'resumed', detail: `after run ${continues.generation}` }
}

/** Of a run whose owner died, its guard has said so in its pane. Nobody waits for tmux. */
const removeShownState = (world: World, last: LockRecord | null): void => {
  if (last === null || last.tmux === null || endedCleanly(last)) return
  const { session, generation, tmux } = last
  void removeState(world, { session, generation, tmux })
}

type ClaimParts = {
  readonly request: ClaimRequest
  readonly tmux: TmuxTarget | null
  readonly giveUp: AbortSignal
}

const claimLocked = async (acquired: Acquired, { request, tmux, giveUp }: ClaimParts): Promise<Claim> => {
  const { locked, last, plan, places } = acquired
  const { session } = locked
  const { world, paths, name } = session
  let { takenOver } = acquired
  if (last !== null && !endedCleanly(last)) {
    const beforehand = async (): Promise<void> => {
      // Another look, which this run alone needs: a verdict costs a look at the processes.
      if (request.force)
        takenOver ??= { incident: await tryToLeaveIncident(session, 'force', locked.snapshot()) }
    }
    await clearLastRun(locked, last, { force: request.force, beforehand, giveUp })
  }
  const generation = openNextRun(session, last, plan.options.keep)
  const { options: given, shell = null } = request
  const record = firstRecord(world, { session: name, generation, plan, places, tmux, given, shell })
  const memory = memoryGroupOf(world, record)
  // Beside the flushes that follow; startRecording() does it again, and waits.
  void prepareMoves(record.cgroup)
  writeRecord(locked.lock, paths.record, record, true)
  const { history } = locked
  history.event({ generation, iteration: record.iteration.number, ...claimEvent(plan, takenOver) })
  removeShownState(world, last)
  const environment = request.environment ?? {}
  const { lock } = locked
  const owner = new Owner({ world, paths, lock, otherLocks: acquired.otherLocks, record, environment })
  return { owner, plan, history, memory }
}

/** @param giveUp ends a wait @throws LockError */
export const claim = async (
  world: World,
  request: ClaimRequest,
  tmux: TmuxTarget | null,
  giveUp: AbortSignal,
): Promise<Claim> => {
  prepareLockDir(world.lockDir)
  checkCgroupStrategy(world.env.LOCK_CGROUP_STRATEGY)
  const acquiring = acquire(openSession(world, request.name), request, { tmux, giveUp })
  const acquired = await abortable(acquiring, giveUp)
  try {
    return await claimLocked(acquired, { request, tmux, giveUp })
  } catch (error) {
    acquired.release()
    throw error
  }
}
