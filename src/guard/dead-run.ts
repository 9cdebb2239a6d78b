/**
 * What is done for a run whose owner has died: its worker is ended, and the record and the history say so. The session
 * stays dead until somebody runs or reaps it. Only with the kernel lock held.
 */
import { ORPHAN_GRACE_SECONDS } from '../core/defaults.ts'
import type { HistoryEntry } from '../core/history.ts'
import { livenessOf } from '../core/identity.ts'
import { hasEnd, interruptedEntry, withKnownEnd } from '../core/interrupted-iteration.ts'
import { poll } from '../core/poll.ts'
import type { EndReason, LockRecord } from '../core/record.ts'
import { removeCgroup } from '../process/cgroup.ts'
import { endWorker, type Processes } from '../process/end-worker.ts'
import { lastHistory } from '../store/history.ts'
import { outputBytes } from '../store/output.ts'
import type { SessionPaths } from '../store/paths.ts'
import { readRecord } from '../store/read-record.ts'
import { readRequest } from '../store/requests.ts'
import { type WriteLock, writeRecord } from '../store/write-record.ts'
import type { PaneState } from './pane-state.ts'

export type DeadRunWorld = Processes & {
  readonly paths: SessionPaths
  addHistory(lock: WriteLock, entry: HistoryEntry): void
  /** Tells `--notify` of the owner's death. */
  tellDeath(record: LockRecord, isWorkerGone: boolean): void
  /** After the worker's end, and before the history counts it: what the worker printed last goes to the disk. */
  keepOutput(): Promise<void>
  /** Whether that process has this session's lock file open. */
  hasLockOpen(pid: number): boolean
  /** After the worker's end. */
  restoreTerminal(): Promise<void>
  readonly pane: Pick<PaneState, 'show'>
}

/** More events than this do not follow an iteration before anybody runs or reaps the session. */
const LOOK_BACK_ENTRIES = 20

/** The kernel closes a dying process's files a moment before it counts as dead. */
const OWNER_DEATH_SECONDS = 1

export type RunOnDisk =
  | { readonly kind: 'open'; readonly record: LockRecord }
  /** It has ended, or a later run has claimed the session, and has ended what this one had left. */
  | { readonly kind: 'over' }
  /** Somebody has removed its record, and perhaps the whole directory, in which another run may have begun at 1. */
  | { readonly kind: 'lost' }

/** A run by its cookie: in a directory that was made anew another one may have its number. */
export const findRun = (
  paths: SessionPaths,
  { session, generation, cookie }: Pick<LockRecord, 'session' | 'generation' | 'cookie'>,
): RunOnDisk => {
  const stored = readRecord(paths.record, session)
  if (stored.kind === 'newer') return { kind: 'over' }
  if (stored.kind !== 'record') return { kind: 'lost' }
  const { record } = stored
  if (record.cookie !== cookie) return { kind: record.generation > generation ? 'over' : 'lost' }
  return record.ended === null ? { kind: 'open', record } : { kind: 'over' }
}

/** @returns whether the owner is provably gone; one that lives and does not want its guard any more is left alone */
export const awaitOwnerDeath = async (
  { inspector, clock }: Pick<DeadRunWorld, 'inspector' | 'clock'>,
  record: LockRecord,
): Promise<boolean> => {
  const { owner } = record
  const gone = await poll(
    clock,
    { seconds: OWNER_DEATH_SECONDS, pauseSeconds: 0.005 },
    () => livenessOf(inspector.snapshot(), owner, owner.started_clock, inspector).kind === 'gone',
  )
  return gone !== null
}

/** Whom to look for: what a command that has ended by itself left in the background is left alone. */
const toBeEnded = (record: LockRecord): LockRecord =>
  hasEnd(record)
    ? {
        ...record,
        iteration: { ...record.iteration, number: record.iteration.number + 1 },
        worker: null,
        members: [],
      }
    : record

/** A shell dies of the SIGTERM with which `stop` and `--force` ask for its end, and could not say so itself. */
const reasonOf = (paths: SessionPaths, { shell, generation }: LockRecord): EndReason => {
  const request = shell === null ? null : readRequest(paths, generation)
  if (request === 'stop') return 'interrupted'
  return request === 'supersede' ? 'superseded' : 'owner-died'
}

/**
 * @param last the newest that is known of the run
 * @param lock `null` when what is on the disk is not this run's: then the worker is ended, and nothing is written
 * @returns whether all of the worker is gone; without that nothing is written, and whoever claims next looks for it too
 */
export const endDeadRun = async (
  world: DeadRunWorld,
  last: LockRecord,
  lock: WriteLock | null,
): Promise<boolean> => {
  const { paths, clock } = world
  const isOurs = (): boolean => lock !== null && lock.loss() === null
  // Of another run's history an iteration with the same number would seem to be this one's.
  const entries = isOurs() ? lastHistory(paths, LOOK_BACK_ENTRIES).entries : []
  const record = withKnownEnd(last, entries)
  const grace = Math.min(record.options.grace, ORPHAN_GRACE_SECONDS)
  const { survivors } = await endWorker(world, toBeEnded(record), grace)
  if (survivors.length > 0) return false
  removeCgroup(record.cgroup)
  await world.keepOutput()
  await world.restoreTerminal()
  if (lock === null || !isOurs()) return true
  const epoch = clock.epoch()
  const { generation } = record
  const iteration = record.iteration.number
  const entry = interruptedEntry(record, epoch, outputBytes(paths, generation, iteration))
  const isKnown = entries.some(
    (known) => known.kind === 'iteration' && known.generation === generation && known.iteration === iteration,
  )
  if (entry !== null && !isKnown) world.addHistory(lock, entry)
  const ended = { epoch, reason: reasonOf(paths, record), exit_code: null }
  writeRecord(lock, paths.record, { ...record, phase: 'ended', ended }, true)
  if (ended.reason === 'owner-died') world.pane.show(record, { state: 'dead', attention: null })
  world.tellDeath({ ...record, ended }, true)
  return true
}
