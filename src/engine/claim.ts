/**
 * From nothing to owner.
 *
 * 1. Lock. Held: wait as asked; with `--force` end the owner first ({@link takeOver}); else refuse and say who.
 * 2. Read the record. Newer, or not to be read just now: refuse. No record: move it aside; its lock was free, so nobody
 *    owns it.
 * 3. Plan the run; nothing has been touched yet when that fails.
 * 4. The last run did not end cleanly: find what is left of its worker and end it.
 * 5. Write the new record, generation + 1, to the disk. From here on this process is the owner.
 */
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { formatDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import type { EventEntry } from '../core/history.ts'
import { ownerLiveness, recordLocation } from '../core/identity.ts'
import { NEW_LOOP } from '../core/loop/state.ts'
import { planRun, type RunPlan, type RunRequest } from '../core/plan.ts'
import { printable } from '../core/printable.ts'
import { FORMAT, type LockRecord, type TmuxTarget } from '../core/record.ts'
import { checkCgroupStrategy, chooseRunCgroup, removeCgroup } from '../process/cgroup.ts'
import { acquireFree, lockHeldError, OWNER_EXIT_SECONDS } from '../session/acquire.ts'
import { HistoryWriter } from '../session/history-writer.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { reconcileWithHistory, recordInterrupted } from '../session/interrupted-iteration.ts'
import { killOrphans } from '../session/orphans.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { inspectSession } from '../session/snapshot.ts'
import { type HeldLock, waitAcquire } from '../store/kernel-lock.ts'
import { prepareLockDir } from '../store/lock-dir.ts'
import type { SessionPaths } from '../store/paths.ts'
import { pruneRuns } from '../store/prune-runs.ts'
import { readRecord } from '../store/read-record.ts'
import { clearRequest } from '../store/requests.ts'
import { openRun } from '../store/runs.ts'
import { quarantine, removeTemporaryFiles, writeRecord } from '../store/write-record.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import { Owner } from './owner.ts'
import { takeOver } from './take-over.ts'

export type ClaimRequest = RunRequest & {
  /** How long to wait for a held session; may be infinite. `undefined`: not at all. */
  readonly waitSeconds: number | undefined
}

export type Claim = { readonly owner: Owner; readonly plan: RunPlan; readonly history: HistoryWriter }

const waitForLock = (
  world: World,
  request: ClaimRequest,
  seconds: number,
  giveUp: AbortSignal,
): Promise<HeldLock | null> => {
  const limit = Number.isFinite(seconds) ? ` for at most ${formatDuration(seconds)}` : ''
  world.notify(`waiting${limit}: ${lockHeldError(world, request.name).message}`)
  return waitAcquire(world.paths(request.name).lock, world.lockTool, world.clock, seconds, giveUp)
}

/** Rejects at once, while the work continues: this process ends, which is as safe as a kill. */
const abortable = async <T>(work: Promise<T>, giveUp: AbortSignal): Promise<T> => {
  const finished = new AbortController()
  const givenUp = aborted(giveUp, finished.signal).then(() => {
    throw errors.held('interrupted while waiting for the session')
  })
  try {
    return await Promise.race([work, givenUp])
  } finally {
    finished.abort()
  }
}

/** `takenOver`: set when another owner was ended for it. */
type Locked = { readonly held: HeldLock; readonly takenOver: { readonly incident: string | null } | null }

const lock = async (world: World, request: ClaimRequest, giveUp: AbortSignal): Promise<Locked> => {
  const free = await acquireFree(world, request.name)
  if (free !== null) return { held: free, takenOver: null }
  if (request.force) {
    const { stored } = inspectSession(world, request.name)
    // A request that cannot be fulfilled must not end the owner.
    if (stored.kind === 'record') checkDirectory(planRun(request, stored.record).cwd)
    const { held, incident } = await takeOver(world, request.name)
    return { held, takenOver: { incident } }
  }
  if (request.waitSeconds !== undefined) {
    const waited = await waitForLock(world, request, request.waitSeconds, giveUp)
    if (waited !== null) return { held: waited, takenOver: null }
  }
  throw lockHeldError(world, request.name)
}

/** @returns the last run's record; `null` when there is none that could be used */
const readLast = (world: World, paths: SessionPaths, name: string): LockRecord | null => {
  const stored = readRecord(paths.record, name)
  switch (stored.kind) {
    case 'record':
      return endedCleanly(stored.record) ? stored.record : reconcileWithHistory(world, stored.record)
    case 'none':
      return null
    case 'newer':
      throw errors.newerRecord(paths.record, stored.format)
    // Moving it aside would lose the path to the last run's worker, only because a disk or a limit has failed once.
    case 'unreadable':
      throw errors.badRecord(paths.record, printable(stored.reason))
    case 'corrupt': {
      const aside = quarantine(paths.record, world.clock.epoch())
      world.notify(`${printable(stored.reason)}; moved aside to ${aside}`)
      return null
    }
  }
}

/** The lock is ours, but the owner of the record may still be alive: the lock file was replaced. */
const refuseLivingOwner = async (world: World, last: LockRecord): Promise<void> => {
  const isAlive = () => ownerLiveness(last, world.inspector.snapshot(), world.observer).kind === 'alive'
  // A killed process lets go of its files a moment before it counts as gone.
  const deadline = world.clock.monotonic() + OWNER_EXIT_SECONDS
  while (isAlive()) {
    if (world.clock.monotonic() > deadline) {
      const { stored, verdict } = inspectSession(world, last.session)
      throw errors.held(
        `${heldError(last.session, stored, verdict, [], world.now()).message}\n  Its kernel lock is free all the same: somebody has removed or replaced ${world.paths(last.session).lock}`,
        `engine.sh stop ${last.session} ends it.`,
      )
    }
    await world.clock.sleep(0.01)
  }
}

const endOrphans = async (world: World, last: LockRecord): Promise<void> => {
  const { found, killed } = await killOrphans(world, last)
  if (found === 0) return
  const forced = killed > 0 ? `, ${killed} of them by SIGKILL` : ''
  world.notify(
    `ended ${found} ${found === 1 ? 'process' : 'processes'} that run ${last.generation} left behind${forced}`,
  )
}

/** The owner is gone, or it would hold the lock; whether its worker is gone cannot be seen from here. */
const refuseUnseenWorker = (world: World, last: LockRecord, force: boolean): void => {
  const location = recordLocation(last, world.observer)
  if (force || last.ended !== null || location === 'here' || location === 'other-boot') return
  const where =
    location === 'other-host' ? `on another host (${last.owner.host})` : 'in another PID namespace'
  throw errors.held(
    `run ${last.generation} of ${last.session} was ${where} and did not end cleanly; whether its worker is still alive cannot be seen from here`,
    `Check there, or run it again there; engine.sh run ${last.session} --force starts it here regardless.`,
  )
}

const endedCleanly = (record: LockRecord): boolean =>
  record.ended !== null && record.ended.reason !== 'owner-died'

const checkDirectory = (path: string): void => {
  try {
    if (statSync(path).isDirectory()) return
  } catch (error) {
    throw errors.io(`the working directory of the run, ${path}, is not there`, error)
  }
  throw errors.io(`the working directory of the run, ${path}, is not a directory`, 'ENOTDIR')
}

/** The first record of a run. Chooses its control group, which may remove empty ones of earlier runs. */
const firstRecord = (
  world: World,
  name: string,
  generation: number,
  plan: RunPlan,
  tmux: TmuxTarget | null,
): LockRecord => {
  const { inspector, observer } = world
  const now = world.now()
  const self = inspector.snapshot().inspect(process.pid)
  if (self.kind !== 'process')
    throw errors.io('this process cannot see itself', 'no entry in the process table')
  return {
    format: FORMAT,
    session: name,
    generation,
    phase: 'starting',
    owner: {
      pid: process.pid,
      pid_started: self.facts.started,
      started_clock: inspector.startClock,
      boot_id: inspector.bootId,
      pid_namespace: inspector.pidNamespace,
      host: observer.host,
      user: world.user,
    },
    cwd: plan.cwd,
    command: plan.command,
    cookie: randomUUID(),
    options: plan.options,
    started_epoch: now.epoch,
    heartbeat: {
      ...now,
      stale_after: plan.options.stale_after,
      interval: plan.options.heartbeat_interval,
    },
    evidence: null,
    iteration: { number: plan.first - 1, total: plan.iterations, started_epoch: null },
    failures: 0,
    last_iteration: plan.continues?.last_iteration ?? null,
    loop: NEW_LOOP,
    worker: null,
    members: [],
    // Where processes are looked at as on a system that has none, there are none.
    cgroup: inspector.hasProcfs ? chooseRunCgroup(world.env.LOCK_CGROUP_STRATEGY, name, generation) : null,
    refresher: null,
    watch: null,
    output_lost: 0,
    tmux,
    ended: null,
  }
}

const claimEvent = (plan: RunPlan, takenOver: Locked['takenOver']): Pick<EventEntry, 'event' | 'detail'> => {
  if (takenOver !== null) return { event: 'forced', detail: takenOver.incident }
  const { continues } = plan
  return continues === null
    ? { event: 'claimed', detail: null }
    : { event: 'resumed', detail: `after run ${continues.generation}` }
}

/** @param giveUp ends a wait @throws LockError */
export const claim = async (
  world: World,
  request: ClaimRequest,
  tmux: TmuxTarget | null,
  giveUp: AbortSignal,
): Promise<Claim> => {
  prepareLockDir(world.lockDir)
  const paths = world.paths(request.name)
  refuseOwnSession(world, request.name)
  checkCgroupStrategy(world.env.LOCK_CGROUP_STRATEGY)
  const locked = await abortable(lock(world, request, giveUp), giveUp)
  const { held } = locked
  let { takenOver } = locked
  try {
    const last = readLast(world, paths, request.name)
    const plan = planRun(request, last)
    checkDirectory(plan.cwd)
    if (last !== null && !endedCleanly(last)) {
      refuseUnseenWorker(world, last, request.force)
      if (last.ended === null) await refuseLivingOwner(world, last)
      if (request.force && takenOver === null) {
        takenOver = { incident: await tryToLeaveIncident(world, request.name, 'force') }
      }
      await abortable(endOrphans(world, last), giveUp)
      recordInterrupted(world, last)
    }
    const generation = openRun(paths, last?.generation ?? 0)
    for (const problem of pruneRuns(paths, plan.options.keep).problems) world.notify(problem)
    removeTemporaryFiles(paths.record)
    // What an iteration had left in the background may have ended since.
    if (last !== null && recordLocation(last, world.observer) === 'here') removeCgroup(last.cgroup)
    clearRequest(paths)
    const record = firstRecord(world, request.name, generation, plan, tmux)
    writeRecord(paths.record, record, true)
    const history = new HistoryWriter(world, paths)
    history.event({ generation, iteration: record.iteration.number, ...claimEvent(plan, takenOver) })
    return { owner: new Owner(world, paths, held, record), plan, history }
  } catch (error) {
    held.release()
    throw error
  }
}
