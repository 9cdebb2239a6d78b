/**
 * From nothing to owner.
 *
 * 1. Try the lock. Held: look at the session once; wait as asked; with `--force` end the owner ({@link takeOver}); else
 *    refuse and say who holds it. Nothing that this look has shown is used after the lock is held.
 * 2. Read the record, under the lock. Newer, or not to be read just now: refuse. No record: move it aside; its lock was
 *    free, so nobody owns it.
 * 3. Plan the run; nothing has been touched yet when that fails.
 * 4. The last run did not end cleanly: find what is left of its worker and end it.
 * 5. Write the new record, generation + 1, to the disk. From here on this process is the owner.
 */
import { statSync } from 'node:fs'
import { formatDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import type { EventEntry } from '../core/history.ts'
import { recordLocation } from '../core/identity.ts'
import { planRun, type RunPlan, type RunRequest } from '../core/plan.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import type { RunOptions } from '../core/run-options.ts'
import { checkCgroupStrategy, removeCgroup } from '../process/cgroup.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import {
  attemptLock,
  type LockedRecord,
  type LockedSession,
  lockHeldError,
  waitForLock,
} from '../session/locked-session.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { openSession, type Session } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { prepareLockDir } from '../store/lock-dir.ts'
import { pruneRuns } from '../store/prune-runs.ts'
import { clearRequest } from '../store/requests.ts'
import { openRun } from '../store/runs.ts'
import { removeTemporaryFiles, writeRecord } from '../store/write-record.ts'
import { removeState } from '../tmux/pane-options.ts'
import type { World } from '../world.ts'
import { abortable } from './aborted.ts'
import { firstRecord } from './first-record.ts'
import { clearLastRun, endedCleanly, readLastRun } from './last-run.ts'
import { checkLoop } from './loop-checks.ts'
import { Owner } from './owner.ts'
import { takeOver } from './take-over.ts'

export type ClaimRequest = RunRequest & {
  /** How long to wait for a held session; may be infinite. `undefined`: not at all. */
  readonly waitSeconds: number | undefined
  /** Added to the worker's environment, from `engine.yaml`. */
  readonly environment?: Readonly<Record<string, string>>
}

export type Claim = {
  readonly owner: Owner
  readonly plan: RunPlan
  readonly history: HistoryWriter
}

/** `takenOver`: set when another owner was ended for it. */
type Taken = {
  readonly locked: LockedSession
  readonly takenOver: { readonly incident: string | null } | null
}

const lock = async (session: Session, request: ClaimRequest, giveUp: AbortSignal): Promise<Taken> => {
  const attempt = await attemptLock(session)
  if (attempt.kind === 'locked') return { locked: attempt.locked, takenOver: null }
  const { held } = attempt
  if (request.force) {
    // A request that cannot be fulfilled must not end the owner. The plan of the run is made under the lock.
    if (held.record !== null) await checkPlan(session.world, planRun(request, held.record))
    const { locked, incident } = await takeOver(session, held)
    return { locked, takenOver: { incident } }
  }
  if (request.waitSeconds === undefined) throw lockHeldError(session, held)
  const waited = await waitAsAsked(session, held, request.waitSeconds, giveUp)
  // Another look: hours may have gone by.
  if (waited === null) throw lockHeldError(session, session.snapshot())
  return { locked: waited, takenOver: null }
}

const waitAsAsked = (
  session: Session,
  held: Snapshot,
  seconds: number,
  giveUp: AbortSignal,
): Promise<LockedSession | null> => {
  const limit = Number.isFinite(seconds) ? ` for at most ${formatDuration(seconds)}` : ''
  session.world.notify(`waiting${limit}: ${lockHeldError(session, held).message}`)
  return waitForLock(session, seconds, giveUp)
}

const checkDirectory = (path: string): void => {
  try {
    if (statSync(path).isDirectory()) return
  } catch (error) {
    throw errors.io(`the working directory of the run, ${path}, is not there`, error)
  }
  throw errors.io(`the working directory of the run, ${path}, is not a directory`, 'ENOTDIR')
}

/** What the run needs, looked at while nothing has been touched. @throws LockError */
const checkPlan = async (
  world: World,
  plan: { readonly cwd: string; readonly options: RunOptions },
): Promise<void> => {
  checkDirectory(plan.cwd)
  await checkLoop(world, plan)
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

const claimEvent = (plan: RunPlan, takenOver: Taken['takenOver']): Pick<EventEntry, 'event' | 'detail'> => {
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

const claimLocked = async (taken: Taken, { request, tmux, giveUp }: ClaimParts): Promise<Claim> => {
  const { locked } = taken
  const { session } = locked
  const { world, paths, name } = session
  const last = readLastRun(locked)
  refuseOwnSession(world, last)
  const plan: RunPlan<LockedRecord> = planRun(request, last)
  await checkPlan(world, plan)
  let { takenOver } = taken
  if (last !== null && !endedCleanly(last)) {
    const beforehand = async (): Promise<void> => {
      // Another look, which this run alone needs: a verdict costs a look at the processes.
      if (request.force)
        takenOver ??= { incident: await tryToLeaveIncident(session, 'force', locked.snapshot()) }
    }
    await clearLastRun(locked, last, { force: request.force, beforehand, giveUp })
  }
  const generation = openNextRun(session, last, plan.options.keep)
  const record = firstRecord(world, { session: name, generation, plan, tmux, given: request.options })
  writeRecord(locked.lock, paths.record, record, true)
  const { history } = locked
  history.event({ generation, iteration: record.iteration.number, ...claimEvent(plan, takenOver) })
  removeShownState(world, last)
  const environment = request.environment ?? {}
  return { owner: new Owner({ world, paths, lock: locked.lock, record, environment }), plan, history }
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
  const taken = await abortable(lock(openSession(world, request.name), request, giveUp), giveUp)
  try {
    return await claimLocked(taken, { request, tmux, giveUp })
  } catch (error) {
    taken.locked.release()
    throw error
  }
}
