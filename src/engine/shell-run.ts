/**
 * A session whose owner is a bash script that has sourced lock.sh. The lock is the shell's own descriptor; each call here
 * is a process of the shell, with a copy of it, that does one step and ends.
 *
 * | the shell calls  | what its process does                                                                     |
 * | ---------------- | ----------------------------------------------------------------------------------------- |
 * | `lock_acquire`   | claims, with the shell as the owner, and leaves a sentinel (guard/sentinel.ts) behind     |
 * | `lock_iteration` | runs one iteration as the engine does, with guard, watchdog and recording; the supervisor |
 * | `lock_progress`  | leaves a note, and beats                                                                  |
 * | `lock_release`   | writes the end, and unlocks                                                               |
 *
 * Each iteration has a cookie of its own: what an earlier one has left is never taken for this one's.
 */
import { randomUUID } from 'node:crypto'
import { errors } from '../core/errors.ts'
import { livenessOf } from '../core/identity.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { sentinelCall } from '../guard/protocol.ts'
import { removeMemoryGroup } from '../process/memory-group.ts'
import { isAlive } from '../session/end-owner.ts'
import { recordInterrupted } from '../session/interrupted-iteration.ts'
import { type LockedRecord, LockedSession } from '../session/locked-session.ts'
import { killOrphans } from '../session/orphans.ts'
import { openSession, type Session } from '../session/session.ts'
import { tryAcquire } from '../store/kernel-lock.ts'
import { appendNote } from '../store/notes.ts'
import { readRequest } from '../store/requests.ts'
import type { World } from '../world.ts'
import { Changes } from './changes.ts'
import { type ClaimRequest, claim, memoryGroupOf } from './claim.ts'
import { lostLockEnd, watchFiles } from './file-watch.ts'
import { openGuardScript } from './guard-script.ts'
import { helperEnvironment } from './helper-environment.ts'
import { runIteration } from './iteration.ts'
import type { IterationEnd } from './iteration-end.ts'
import { ownPane } from './own-pane.ts'
import { Owner } from './owner.ts'
import { startRecording } from './recording.ts'
import { recordIteration, release } from './run.ts'
import { StopRequests } from './stop-request.ts'
import { tellEnd } from './tell-end.ts'
import { TerminalKeeper } from './terminal-keeper.ts'

/** Where lock.sh puts a copy of the shell's descriptor. */
const LOCK_DESCRIPTOR = 4
/** How soon the death of the shell is noticed, where a look costs nothing. */
const LOOK_SECONDS = 0.1
const COSTLY_LOOK_SECONDS = 1
/** Between two iterations without a limit on silence: a script may do what it likes. */
const UNLIMITED_SECONDS = 365 * 86_400

export type ShellStep = { readonly name: string; readonly generation: number; readonly ownerPid: number }

/** Getters stay getters: to ask for the user, or the lock's tool, may cost something, or fail. */
const worldWith = (world: World, changes: Partial<World>): World =>
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(world),
      ...Object.getOwnPropertyDescriptors(changes),
    },
  ) as World

const referenceOf = (world: World, pid: number): ProcessReference | null => {
  const inspection = world.inspector.snapshot().inspect(pid)
  return inspection.kind === 'process' ? { pid, pid_started: inspection.facts.started } : null
}

const startSentinel = (world: World, owner: Owner, script: number): ProcessReference | null => {
  const { record, lock } = owner
  const config = {
    lockDir: world.lockDir,
    session: record.session,
    generation: record.generation,
    known: record,
    lockTool: lock.tool,
    processStrategy: world.env.LOCK_PROCESS_STRATEGY ?? null,
    host: world.observer.host,
    terminal: null,
    recording: { dir: '', secret: '', logLimit: 1, untilOutput: null, streams: [], iteration: 0, lost: 0 },
    recordsOnly: false,
    otherLocks: 0,
  }
  const { args, env, stdio } = sentinelCall(config, lock.share(), script)
  const child = world.spawn(world.self.execPath, args, {
    cwd: '/',
    env: { ...helperEnvironment(world.env), ...env },
    stdio,
    detached: true,
  })
  child.on('error', () => undefined)
  child.unref()
  return child.pid === undefined ? null : referenceOf(world, child.pid)
}

/** How long the shell may take until its next call. */
const pauseSeconds = ({ record: { options } }: Owner): number =>
  options.delay + (options.quiet_after ?? UNLIMITED_SECONDS)

/** @returns the generation @throws LockError as a claim does */
export const acquireForShell = async (
  world: World,
  request: Omit<ClaimRequest, 'shell'>,
  shell: { readonly pid: number; readonly script: string },
  guardScript: string,
): Promise<number> => {
  const script = openGuardScript(guardScript)
  const asShell = worldWith(world, {
    lockDescriptor: LOCK_DESCRIPTOR,
    self: { ...world.self, pid: shell.pid },
  })
  const claimed = await claim(
    asShell,
    { ...request, shell: { script: shell.script, supervisor: null, sentinel: null } },
    await ownPane(world),
    new AbortController().signal,
  )
  const { owner } = claimed
  const sentinel = startSentinel(world, owner, script)
  owner.write(
    { phase: 'waiting', shell: { script: shell.script, supervisor: null, sentinel } },
    pauseSeconds(owner),
  )
  return owner.record.generation
}

const isOurs = (record: LockedRecord | null, { generation, ownerPid }: ShellStep): record is LockedRecord =>
  record !== null &&
  record.shell !== null &&
  record.generation === generation &&
  record.owner.pid === ownerPid &&
  record.ended === null

/** A session whose lock this process has a copy of. */
type Opened = { readonly session: Session; readonly locked: LockedSession; readonly record: LockedRecord }

/** @throws LockError `superseded` when the run in the record is not this shell's any more */
const openLocked = async (world: World, step: ShellStep): Promise<Opened> => {
  const session = openSession(world, step.name)
  const lock = await tryAcquire(
    { path: session.paths.lock, descriptor: LOCK_DESCRIPTOR },
    world.lockTool,
    world.clock,
    0,
  )
  const locked = lock === null ? null : new LockedSession(session, lock)
  const stored = locked?.read()
  const record = stored?.kind === 'record' ? stored.record : null
  if (locked === null || !isOurs(record, step))
    throw errors.superseded(
      `run ${step.generation} of ${step.name} is not this shell's any more`,
      `What has become of it: lock.sh history ${step.name}`,
    )
  return { session, locked, record }
}

/** What this process writes as the owner: a script has no `engine.yaml`, no paths and no places. */
const ownerOf = (world: World, { session, locked }: Opened, record: LockRecord): Owner =>
  new Owner({
    world,
    paths: session.paths,
    lock: locked.lock,
    record,
    environment: {},
    otherLocks: [],
  })

/** Of an iteration whose supervisor was killed. @throws LockError `held` while another one runs */
const clearLastIteration = async (
  world: World,
  locked: LockedSession,
  record: LockedRecord,
): Promise<void> => {
  const asProcess = (reference: ProcessReference) => ({
    ...reference,
    started_clock: record.owner.started_clock,
  })
  const { supervisor } = record.shell ?? { supervisor: null }
  if (supervisor !== null && isAlive(world, asProcess(supervisor)))
    throw errors.held(
      `${record.session} is in an iteration already, which pid ${supervisor.pid} runs`,
      'One iteration at a time: wait for it.',
    )
  if (record.phase !== 'running') return
  // It would end what it finds of the next iteration.
  if (record.refresher !== null && isAlive(world, asProcess(record.refresher)))
    world.signal(record.refresher.pid, 'SIGKILL')
  await killOrphans(world, record)
  recordInterrupted(locked, record)
}

/** With the shell dead this process ends at once: its guard sees that, ends the worker, and writes down how. */
const endWithShell = (world: World, { owner }: LockedRecord): (() => void) => {
  const seconds = world.inspector.hasProcfs ? LOOK_SECONDS : COSTLY_LOOK_SECONDS
  const looks = setInterval(() => {
    const now = livenessOf(world.inspector.snapshot(), owner, owner.started_clock, world.inspector)
    if (now.kind === 'gone') world.signal(world.self.pid, 'SIGKILL')
  }, seconds * 1000)
  return () => clearInterval(looks)
}

export type ShellCommand = {
  /** What is shown. */
  readonly command: readonly string[]
  /** What is run, when that is something else: bash, for a function. */
  readonly started: readonly string[]
}

/** @returns how it has ended @throws LockError */
export const iterateForShell = async (
  outer: World,
  step: ShellStep,
  { command, started: words }: ShellCommand,
  guardScript: string,
): Promise<IterationEnd> => {
  const stopRequests = new StopRequests()
  stopRequests.listen(outer.self)
  const script = openGuardScript(guardScript)
  const opened = await openLocked(outer, step)
  const { locked, record } = opened
  const stopLooking = endWithShell(outer, record)
  await clearLastIteration(outer, locked, record)
  const world = worldWith(outer, { start: (_shown, options) => outer.start(words, options) })
  const { shell } = record
  const owner = ownerOf(world, opened, {
    ...record,
    command,
    cwd: world.cwd,
    cookie: randomUUID(),
    worker: null,
    members: [],
    shell: shell === null ? null : { ...shell, supervisor: referenceOf(world, world.self.pid) },
  })
  const number = record.iteration.number + 1
  stopRequests.follow({
    readRequest: () => readRequest(owner.paths, record.generation, number),
    onCtrlC: () => undefined,
  })
  // Before anything is started for it: whoever comes next has to know its cookie.
  owner.write({ refresher: null })
  const terminal = await TerminalKeeper.open(world, record.tmux)
  const { recording, guard, sightings } = await startRecording(world, owner, script, terminal?.saved ?? null)
  const changes = new Changes(world, owner)
  const memory = memoryGroupOf(world, record)
  const stopWatching = watchFiles({ world, owner, stopRequests })
  try {
    await recording.begin(number, stopRequests.terminate.signal)
    await changes.begin()
    const end = await runIteration(
      { world, owner, stopRequests, recording, guard, sightings, terminal, changes, memory },
      number,
    )
    const { changed } = await changes.end(end.output !== null)
    recordIteration({ owner, history: locked.history }, end, changed, world.clock.epoch())
    const lost = lostLockEnd({ world, owner })
    return lost === null ? end : { ...end, result: 'interrupted', exitCode: lost.exitCode }
  } finally {
    stopLooking()
    stopWatching()
    changes.close()
    removeMemoryGroup(memory)
    await recording.close()
    const { shell: now } = owner.record
    owner.write(
      { phase: 'waiting', refresher: null, shell: now === null ? null : { ...now, supervisor: null } },
      pauseSeconds(owner),
    )
    guard.end()
  }
}

/** @throws LockError */
export const progressForShell = async (world: World, step: ShellStep, note: string): Promise<void> => {
  const opened = await openLocked(world, step)
  const { session, record } = opened
  const iteration = Math.max(1, record.iteration.number)
  appendNote(session.paths, record.generation, { epoch: world.clock.epoch(), iteration, note, for: null })
  // While an iteration runs its guard writes the record, and has read the note.
  if (record.phase === 'running') return
  const owner = ownerOf(world, opened, record)
  owner.write({}, pauseSeconds(owner))
}

/** @throws LockError */
export const releaseForShell = async (world: World, step: ShellStep, guardScript: string): Promise<void> => {
  const script = openGuardScript(guardScript)
  const opened = await openLocked(world, step)
  const { locked, record } = opened
  await clearLastIteration(world, locked, record)
  const owner = ownerOf(world, opened, record)
  const end = { reason: 'completed', exitCode: 0, detail: null } as const
  release({ owner, history: locked.history }, end, () => undefined)
  tellEnd(world, owner.record, end, script)
}
