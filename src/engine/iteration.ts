/** One execution of the command: start, watch, end, and the true result of it. */
import { formatDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { livenessOf } from '../core/identity.ts'
import { printable } from '../core/printable.ts'
import type { IterationResult, ProcessReference } from '../core/record.ts'
import { iterationCgroup, removeCgroup, workerCgroups } from '../process/cgroup.ts'
import { endWorker } from '../process/end-worker.ts'
import { probe } from '../process/signals.ts'
import { findWorker } from '../process/worker-tree.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { openSession } from '../session/session.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import type { Owner } from './owner.ts'
import type { OutputSizes, Recording } from './recording.ts'
import { RefresherKeeper } from './refresher-keeper.ts'
import { exitCodeOf, type StopRequests } from './stop-request.ts'
import { NOT_STARTED_EXIT_CODES, startWorker, type WorkerExit } from './worker.ts'

export type IterationEnd = {
  readonly result: IterationResult
  /** What a shell would report: 124 for a time-out, 128 + n for a signal. */
  readonly exitCode: number
  /** The worker's own exit code; `null` when a signal ended it. */
  readonly workerExitCode: number | null
  readonly signal: string | null
  /** What of it was on the disk in time; `null` when nothing is kept. */
  readonly output: OutputSizes | null
  /** Processes that the command left in the background. */
  readonly leftRunning: number
  /** The path of the bundle that a time-out leaves. */
  readonly incident: string | null
}

/** How the worker itself has ended. */
type WorkerEnd = Pick<IterationEnd, 'result' | 'exitCode' | 'workerExitCode' | 'signal'>

export const TIMEOUT_EXIT_CODE = 124

/** A kill is never a success, and an exit code that is missing is not 0. */
const endOf = (exit: WorkerExit, interrupted: boolean): WorkerEnd => {
  const { exitCode, signal } = exit
  const shellCode = signal === null ? (exitCode ?? 1) : exitCodeOf(signal)
  const failed = signal === null ? 'failed' : 'killed'
  const result = shellCode === 0 ? 'ok' : interrupted ? 'interrupted' : failed
  return { result, exitCode: shellCode, workerExitCode: exitCode, signal }
}

const workerEnvironment = (world: World, owner: Owner, iteration: number) => ({
  ...world.env,
  LOCK_SESSION: owner.record.session,
  LOCK_GENERATION: String(owner.record.generation),
  LOCK_ITERATION: String(iteration),
  LOCK_ITERATIONS: String(owner.record.iteration.total ?? 'inf'),
  LOCK_DIR: world.lockDir,
  LOCK_COOKIE: owner.record.cookie,
})

/** @throws LockError `held` when something cannot be ended: no other iteration may start beside it */
const endIteration = async (world: World, owner: Owner, killNow?: AbortSignal): Promise<void> => {
  owner.adoptRefresherState()
  const { survivors } = await endWorker(world, owner.record, owner.record.options.grace, killNow)
  if (survivors.length > 0) throw errors.survivors(owner.record.session, owner.record.generation, survivors)
}

/** Ctrl-C in a terminal reaches the worker directly; a worker in a session of its own gets it from here. */
const forwardInterrupt = (world: World, owner: Owner): void => {
  for (const { pid } of findWorker(world.inspector, world.observer, owner.record)) world.signal(pid, 'SIGINT')
}

/** A command that ended by itself may leave processes; they are left alone, and counted. */
const countLeft = (world: World, owner: Owner, ownGroup: boolean): number => {
  const { worker, members, cgroup, iteration } = owner.record
  if (worker === null) return 0
  const view = world.inspector.snapshot()
  const isThere = (member: ProcessReference): boolean =>
    livenessOf(view, member, owner.record.owner.started_clock, world.inspector).kind === 'alive'
  // To search all processes takes milliseconds, and most commands leave none.
  const mayBeLeft =
    // In the engine's own group, and without one that is counted by the kernel, nothing else tells.
    (!ownGroup && cgroup === null) ||
    (ownGroup && probe(-worker.pid) !== 'none') ||
    workerCgroups(cgroup, iteration.number).pids().size > 0 ||
    members.some(isThere)
  if (!mayBeLeft) return 0
  return findWorker(world.inspector, world.observer, owner.record).length
}

type IterationTools = {
  readonly stopRequests: StopRequests
  readonly recording: Recording
  readonly refresherScript: string
  /** Called with the keeper that reports output that could not be written; `null` when it has stopped. */
  readonly onKeeper: (keeper: RefresherKeeper | null) => void
}

export const runIteration = async (
  world: World,
  owner: Owner,
  iteration: number,
  { stopRequests, recording, refresherScript, onKeeper }: IterationTools,
): Promise<IterationEnd> => {
  const { command, cwd, options } = owner.record
  const cgroup = owner.record.cgroup === null ? null : iterationCgroup(owner.record.cgroup, iteration)
  owner.write({
    phase: 'running',
    iteration: { ...owner.record.iteration, number: iteration, started_epoch: world.clock.epoch() },
    evidence: { source: 'start', epoch: world.clock.epoch() },
    watch: null,
    worker: null,
    members: [],
  })
  stopRequests.interrupt = new AbortController()
  const environment = workerEnvironment(world, owner, iteration)
  const worker = await startWorker(command, cwd, environment, world.inspector, recording.stdio, cgroup)
  if ('notStarted' in worker) {
    world.notify(`${printable(command[0] ?? '')}: ${worker.message}`)
    const exitCode = NOT_STARTED_EXIT_CODES[worker.notStarted]
    const output = await recording.end(iteration, options.grace)
    return {
      result: 'failed',
      exitCode,
      workerExitCode: exitCode,
      signal: null,
      output,
      leftRunning: 0,
      incident: null,
    }
  }
  owner.write({ worker: worker.reference })

  const finished = new AbortController()
  const keeper = new RefresherKeeper(world, owner, refresherScript)
  keeper.start()
  onKeeper(keeper)
  const interruptWorker = (): void => {
    const request = stopRequests.current
    if (request.kind === 'drain' && request.asked === 'ctrl-c') forwardInterrupt(world, owner)
  }
  if (worker.ownGroup) {
    stopRequests.drain.signal.addEventListener('abort', interruptWorker, {
      once: true,
      signal: finished.signal,
    })
  }

  let isOver = false
  /** While the refresher still runs: it beats meanwhile, and the owner may die here too. */
  const finish = async (end: WorkerEnd, incident: string | null): Promise<IterationEnd> => {
    const output = await recording.end(iteration, options.grace)
    await keeper.stop()
    return { ...end, output, incident, leftRunning: countLeft(world, owner, worker.ownGroup) }
  }
  try {
    // One that came while the worker was being made has reached this process alone.
    if (stopRequests.drain.signal.aborted) interruptWorker()
    const first = await Promise.race([
      worker.exit.then(() => 'exit' as const),
      aborted(stopRequests.terminate.signal, finished.signal).then(() => 'stop' as const),
      aborted(stopRequests.interrupt.signal, finished.signal).then(() => 'interrupt' as const),
      ...(options.timeout === null
        ? []
        : [world.clock.sleep(options.timeout, finished.signal).then(() => 'timeout' as const)]),
    ])
    switch (first) {
      case 'exit': {
        isOver = true
        const request = stopRequests.current
        const interrupted =
          request.kind === 'terminate' || (request.kind === 'drain' && request.asked === 'ctrl-c')
        const exit = await worker.exit
        // A signal ended it, so it has not left processes on purpose, and they would work beside the next iteration.
        if (exit.signal !== null) await endIteration(world, owner, stopRequests.kill.signal)
        return await finish(endOf(exit, interrupted), null)
      }
      case 'timeout': {
        world.notify(`iteration ${iteration} has lasted ${formatDuration(options.timeout ?? 0)}; ending it`)
        const incident = await tryToLeaveIncident(openSession(world, owner.record.session), 'timeout')
        isOver = true
        await endIteration(world, owner, stopRequests.kill.signal)
        const { exitCode, signal } = await worker.exit
        return await finish(
          { result: 'timeout', exitCode: TIMEOUT_EXIT_CODE, workerExitCode: exitCode, signal },
          incident,
        )
      }
      case 'interrupt': {
        world.notify(`ending iteration ${iteration}, as requested`)
        isOver = true
        await endIteration(world, owner, stopRequests.kill.signal)
        return await finish({ ...endOf(await worker.exit, true), result: 'interrupted' }, null)
      }
      case 'stop': {
        await keeper.stop()
        owner.write({ phase: 'stopping', refresher: null }, options.grace)
        isOver = true
        await endIteration(world, owner, stopRequests.kill.signal)
        return await finish({ ...endOf(await worker.exit, true), result: 'interrupted' }, null)
      }
    }
  } finally {
    finished.abort()
    await keeper.stop()
    onKeeper(null)
    removeCgroup(cgroup)
    // Only after an error in here: whatever happens, no worker outlives its iteration's supervision.
    if (!isOver) await endIteration(world, owner)
  }
}
