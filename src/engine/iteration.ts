/** One execution of the command: start, wait, end, and the true result of it. */
import { closeSync } from 'node:fs'
import { formatDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { livenessOf } from '../core/identity.ts'
import type { WorkerStdio } from '../core/ports.ts'
import { printable } from '../core/printable.ts'
import type { ProcessReference } from '../core/record.ts'
import { iterationCgroup, removeIterationCgroup, workerCgroups } from '../process/cgroup.ts'
import { endWorker } from '../process/end-worker.ts'
import { type MemoryGroup, oomKills, wasKilledForMemory } from '../process/memory-group.ts'
import { findWorker } from '../process/worker-tree.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { openSession } from '../session/session.ts'
import { openInput } from '../store/input-file.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import type { Changes } from './changes.ts'
import type { GuardKeeper } from './guard-keeper.ts'
import { type IterationEnd, type WorkerEnd, workerEnd } from './iteration-end.ts'
import { isDirectoryGone } from './job-directory.ts'
import type { OutputSightings } from './output-sightings.ts'
import type { Owner } from './owner.ts'
import type { Recording } from './recording.ts'
import type { StopRequest, StopRequests } from './stop-request.ts'
import type { TerminalKeeper } from './terminal-keeper.ts'
import { turnEnd } from './turn-end.ts'
import { NOT_STARTED_EXIT_CODES, type StartedWorker, startWorker, type WorkerStart } from './worker.ts'
import { workerEnvironment } from './worker-environment.ts'

export type IterationTools = {
  readonly world: World
  readonly owner: Owner
  readonly stopRequests: StopRequests
  readonly recording: Recording
  readonly guard: GuardKeeper
  readonly sightings: OutputSightings
  /** `null` when nothing can be told of it. */
  readonly memory: MemoryGroup | null
  readonly changes: Changes
  /** `null` when the workers have none. */
  readonly terminal: TerminalKeeper | null
}

/** What came first. */
type Outcome = 'exit' | 'stop' | 'interrupt' | 'timeout' | 'turn' | 'hung'

const cgroupOf = ({ owner }: IterationTools, iteration: number): string | null =>
  owner.record.cgroup === null ? null : iterationCgroup(owner.record.cgroup, iteration)

/** Written before the worker exists, and again when it has a PID. Somebody guards it from its first moment. */
const start = async (tools: IterationTools, iteration: number): Promise<WorkerStart> => {
  const { world, owner, stopRequests, guard } = tools
  await guard.ensure()
  owner.write({
    phase: 'running',
    iteration: { ...owner.record.iteration, number: iteration, started_epoch: world.clock.epoch() },
    evidence: { source: 'start', epoch: world.clock.epoch() },
    watch: null,
    worker: null,
    members: [],
    refresher: guard.reference,
  })
  stopRequests.interrupt = new AbortController()
  guard.hang.begin(iteration)
  tools.terminal?.begin()
  const worker = await startWithInput(tools, iteration)
  if (!('notStarted' in worker)) owner.write({ worker: worker.reference, refresher: guard.reference })
  return worker
}

/** What was there when the run started may be gone by now: then the iteration has failed, and the next one may find it. */
const startWithInput = async (tools: IterationTools, iteration: number): Promise<WorkerStart> => {
  const { world, owner, recording } = tools
  const { command, cwd, options } = owner.record
  if (isDirectoryGone(cwd)) return { notStarted: 'no-directory', message: `${printable(cwd)} is not there` }
  const input = options.stdin === null ? null : openInput(options.stdin, cwd)
  if (input?.kind === 'problem')
    return { notStarted: 'no-input', message: `--stdin: ${printable(input.path)} ${input.reason}` }
  const [stdin, ...output] = recording.stdio
  try {
    const environment = workerEnvironment(world, owner)
    const stdio: WorkerStdio = [input?.fd ?? stdin, ...output]
    const cgroup = cgroupOf(tools, iteration)
    return await startWorker(world, command, { cwd, env: environment, stdio, cgroup, memory: tools.memory })
  } finally {
    if (input !== null) closeSync(input.fd)
  }
}

const isCtrlC = (request: StopRequest): boolean => request.kind === 'drain' && request.asked === 'ctrl-c'

/** Ctrl-C in a terminal reaches the worker directly; a worker in a session of its own gets it from here. */
const forwardCtrlC = ({ world, owner, stopRequests }: IterationTools): void => {
  if (!isCtrlC(stopRequests.current)) return
  for (const { pid } of findWorker(world, owner.record)) world.signal(pid, 'SIGINT')
}

const waitForOutcome = async (tools: IterationTools, worker: StartedWorker): Promise<Outcome> => {
  const { world, owner, stopRequests, guard } = tools
  const { timeout, end_on_turn: endsOnTurn, on_hung: onHung, hung_grace: hungGrace } = owner.record.options
  const finished = new AbortController()
  const { signal } = finished
  if (worker.ownGroup) {
    const { signal: drain } = stopRequests.drain
    drain.addEventListener('abort', () => forwardCtrlC(tools), { once: true, signal })
    // One that came while the worker was being made has reached this process alone.
    if (drain.aborted) forwardCtrlC(tools)
  }
  const never = new Promise<never>(() => undefined)
  try {
    return await Promise.race([
      worker.exit.then(() => 'exit' as const),
      aborted(stopRequests.terminate.signal, signal).then(() => 'stop' as const),
      aborted(stopRequests.interrupt.signal, signal).then(() => 'interrupt' as const),
      endsOnTurn ? turnEnd({ world, owner, signal }).then(() => 'turn' as const) : never,
      onHung === 'report' ? never : guard.hang.due(hungGrace, signal).then(() => 'hung' as const),
      timeout === null ? never : world.clock.sleep(timeout, signal).then(() => 'timeout' as const),
    ])
  } finally {
    finished.abort()
  }
}

/** @throws LockError `held` when something cannot be ended: no other iteration may start beside it */
const endTheWorker = async (tools: IterationTools): Promise<void> => {
  const { world, owner, stopRequests } = tools
  owner.adoptRefresherState()
  const { session, generation, options } = owner.record
  const { survivors } = await endWorker(world, owner.record, options.grace, stopRequests.kill.signal)
  if (survivors.length > 0) throw errors.survivors(session, generation, survivors)
}

/** What is to be done and said before a worker is ended that has not ended by itself. @returns a bundle's path */
const prepareEnd = async (tools: IterationTools, outcome: Outcome): Promise<string | null> => {
  const { world, owner, guard } = tools
  const { session, iteration, options } = owner.record
  switch (outcome) {
    case 'exit':
      return null
    case 'turn':
      world.notify(`iteration ${iteration.number}: its turn has ended; ending it`)
      return null
    case 'timeout':
      world.notify(
        `iteration ${iteration.number} has lasted ${formatDuration(options.timeout ?? 0)}; ending it`,
      )
      return tryToLeaveIncident(openSession(world, session), 'timeout')
    case 'hung':
      world.notify(
        `iteration ${iteration.number} hangs (${guard.hang.cause ?? 'silent'}); ending it, as --on-hung says`,
      )
      return tryToLeaveIncident(openSession(world, session), 'hung')
    case 'interrupt':
      world.notify(`ending iteration ${iteration.number}, as requested`)
      return null
    case 'stop':
      await guard.pause()
      owner.write({ phase: 'stopping' }, options.grace)
      return null
  }
}

/** Of an iteration that did not end by itself. */
const ENDED_RESULTS = {
  stop: 'interrupted',
  interrupt: 'interrupted',
  timeout: 'timeout',
  hung: 'failed',
} as const

/** @returns how the worker has ended, when nothing of it is left that should not be */
const end = async (tools: IterationTools, outcome: Outcome, worker: StartedWorker): Promise<WorkerEnd> => {
  if (outcome !== 'exit') {
    await endTheWorker(tools)
    if (outcome === 'turn') return { ...workerEnd(await worker.exit, 'ok'), exitCode: 0 }
    return workerEnd(await worker.exit, ENDED_RESULTS[outcome])
  }
  const exit = await worker.exit
  // A signal ended it, so it has not left processes on purpose, and they would work beside the next iteration.
  if (exit.signal !== null) await endTheWorker(tools)
  const { current } = tools.stopRequests
  const own = workerEnd(exit)
  const isInterrupted = own.result !== 'ok' && (current.kind === 'terminate' || isCtrlC(current))
  return isInterrupted ? workerEnd(exit, 'interrupted') : own
}

/** A command that ended by itself may leave processes; they are left alone, and counted. */
const countLeft = ({ world, owner }: IterationTools, ownGroup: boolean): number => {
  const { worker, members, cgroup, iteration } = owner.record
  if (worker === null) return 0
  const view = world.inspector.snapshot()
  const groups = workerCgroups(cgroup, iteration.number)
  const isThere = (member: ProcessReference): boolean =>
    livenessOf(view, member, owner.record.owner.started_clock, world.inspector).kind === 'alive'
  // To search all processes takes milliseconds, and most commands leave none.
  const mayBeLeft =
    // In the engine's own group, and without one that is counted by the kernel, nothing else tells.
    (!ownGroup && cgroup === null) ||
    (ownGroup && world.probe(-worker.pid) !== 'none') ||
    (groups.isPopulated() && groups.pids().size > 0) ||
    members.some(isThere)
  if (!mayBeLeft) return 0
  return findWorker(world, owner.record).length
}

/** All that follows once it is decided how the iteration ends. The guard beats on meanwhile: the owner may die here too. */
const finish = async (
  tools: IterationTools,
  outcome: Outcome,
  { worker, killsBefore }: { readonly worker: StartedWorker; readonly killsBefore: number | null },
): Promise<IterationEnd> => {
  const { world, owner, recording, guard, changes, stopRequests } = tools
  const { iteration, options } = owner.record
  const hung = outcome === 'hung' ? (guard.hang.cause ?? 'silent') : null
  const incident = await prepareEnd(tools, outcome)
  const ended = await end(tools, outcome, worker)
  if (!stopRequests.terminate.signal.aborted) changes.workerEnded()
  const output = await recording.end(iteration.number, options.grace)
  await guard.pause()
  const oom = wasKilledForMemory(tools.memory, killsBefore, ended)
  if (oom)
    world.notify(`iteration ${iteration.number}: the kernel has ended it, or a process of it, for memory`)
  return { ...ended, output, incident, hung, oom, leftRunning: countLeft(tools, worker.ownGroup) }
}

const notStarted = async (
  { world, owner, recording }: IterationTools,
  { notStarted: why, message }: Exclude<WorkerStart, StartedWorker>,
): Promise<IterationEnd> => {
  const { command, iteration, options } = owner.record
  const isCommand = why === 'not-found' || why === 'not-executable'
  world.notify(isCommand ? `${printable(command[0] ?? '')}: ${message}` : message)
  const output = await recording.end(iteration.number, options.grace)
  const exit = { exitCode: NOT_STARTED_EXIT_CODES[why], signal: null }
  return { ...workerEnd(exit), output, leftRunning: 0, incident: null, hung: null, oom: false }
}

/** @throws LockError `held` when the worker cannot be ended */
export const runIteration = async (tools: IterationTools, iteration: number): Promise<IterationEnd> => {
  const killsBefore = oomKills(tools.memory)
  const worker = await start(tools, iteration)
  if ('notStarted' in worker) return notStarted(tools, worker)
  tools.guard.watch()
  tools.sightings.begin(tools.recording.hasPane ? (worker.reference?.pid ?? null) : null)
  let isFinished = false
  try {
    const outcome = await waitForOutcome(tools, worker)
    tools.sightings.end()
    const ended = await finish(tools, outcome, { worker, killsBefore })
    isFinished = true
    return ended
  } finally {
    tools.sightings.end()
    await tools.guard.pause()
    removeIterationCgroup(tools.owner.record.cgroup, iteration)
    // Only after an error: whatever happens, no worker outlives its iteration's supervision.
    if (!isFinished) await endTheWorker(tools)
    await tools.terminal?.restore()
  }
}
