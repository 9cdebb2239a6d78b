/**
 * A session whose lock is the descriptor of a bash script that has sourced lock.sh, as a process of that script finds it.
 */
import { errors } from '../core/errors.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { isAlive } from '../session/end-owner.ts'
import { recordInterrupted } from '../session/interrupted-iteration.ts'
import { type LockedRecord, LockedSession } from '../session/locked-session.ts'
import { killOrphans } from '../session/orphans.ts'
import { openSession, type Session } from '../session/session.ts'
import { tryAcquire } from '../store/kernel-lock.ts'
import type { World } from '../world.ts'
import { Owner } from './owner.ts'

/** Where lock.sh puts a copy of the shell's descriptor. */
const LOCK_DESCRIPTOR = 4
export const shellDescriptor = ({ lockDescriptor }: Pick<World, 'lockDescriptor'>): number =>
  lockDescriptor ?? LOCK_DESCRIPTOR

/** Between two iterations without a limit on silence: a script may do what it likes. */
const UNLIMITED_SECONDS = 365 * 86_400

export type ShellStep = { readonly name: string; readonly generation: number; readonly ownerPid: number }

/** Getters stay getters: to ask for the user, or the lock's tool, may cost something, or fail. */
export const worldWith = (world: World, changes: Partial<World>): World =>
  Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(world),
      ...Object.getOwnPropertyDescriptors(changes),
    },
  ) as World

export const referenceOf = (world: World, pid: number): ProcessReference | null => {
  const inspection = world.inspector.snapshot().inspect(pid)
  return inspection.kind === 'process' ? { pid, pid_started: inspection.facts.started } : null
}

/** How long the shell may take until its next call. */
export const pauseSeconds = ({ record: { options } }: Pick<Owner, 'record'>): number =>
  options.delay + (options.quiet_after ?? UNLIMITED_SECONDS)

const isOurs = (record: LockedRecord | null, { generation, ownerPid }: ShellStep): record is LockedRecord =>
  record !== null &&
  record.shell !== null &&
  record.generation === generation &&
  record.owner.pid === ownerPid &&
  record.ended === null

/** A session whose lock this process has a copy of. */
export type Opened = {
  readonly session: Session
  readonly locked: LockedSession
  readonly record: LockedRecord
}

/** @throws LockError `superseded` when the run in the record is not this shell's any more */
export const openLocked = async (world: World, step: ShellStep): Promise<Opened> => {
  const session = openSession(world, step.name)
  const lock = await tryAcquire(
    { path: session.paths.lock, descriptor: shellDescriptor(world) },
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
export const ownerOf = (world: World, { session, locked }: Opened, record: LockRecord): Owner =>
  new Owner({
    world,
    paths: session.paths,
    lock: locked.lock,
    record,
    environment: {},
    otherLocks: [],
  })

/** Of an iteration whose supervisor was killed. @throws LockError `held` while another one runs */
export const clearLastIteration = async (
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
