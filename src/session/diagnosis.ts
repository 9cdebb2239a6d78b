/** Everything that can be found out about a session from outside, for `why`, `attach` and incident bundles. */
import type { Holder } from '../core/held.ts'
import { type Liveness, ownerLiveness, partLiveness } from '../core/identity.ts'
import { nextSteps, type Step } from '../core/next-steps.ts'
import type { WorkerNote } from '../core/note.ts'
import type { Activity, LockRecord, ProcessReference, TmuxTarget } from '../core/record.ts'
import { type SessionReport, sessionReport } from '../core/report.ts'
import type { Now } from '../core/verdict.ts'
import { holdersOf } from '../process/holders.ts'
import { findWorker } from '../process/worker-tree.ts'
import { newestIncident } from '../store/incidents.ts'
import { probeLock } from '../store/kernel-lock.ts'
import { lastOutputLines } from '../store/last-output.ts'
import { lastNote } from '../store/notes.ts'
import { captureScreen, paneState } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { inspectSession, type Snapshot } from './snapshot.ts'

export type Part = ProcessReference & {
  readonly alive: boolean | null
  /** As text: running, stopped, or why it is gone. */
  readonly state: string
}

export type TreeRow = {
  readonly pid: number
  readonly parent: number
  readonly state: string
  readonly cpu_seconds: number | null
  /** Of one processor, while this was looked at. */
  readonly cpu_percent: number | null
  readonly age_seconds: number | null
  readonly command: readonly string[]
}

/** When a source was last active. */
export type SourceRow = {
  readonly source: keyof Activity['sources']
  /** In this iteration: notes, bytes or seconds. */
  readonly value: number
  /** Seconds. */
  readonly age: number
  /** Seconds without it, and without what counts as much, that make the session hung; `null` is off. */
  readonly limit: number | null
}

export type Diagnosis = {
  readonly snapshot: Snapshot
  readonly kernel_lock: {
    readonly state: 'held' | 'free' | 'absent' | 'unreadable'
    readonly open_in: readonly Holder[]
  }
  readonly owner_process: Part | null
  readonly refresher_process: Part | null
  readonly worker_process: Part | null
  readonly tree: readonly TreeRow[]
  readonly pane: 'live' | 'dead' | 'gone' | null
  /** What the pane shows, or else the last lines of output. */
  readonly screen: readonly string[]
  readonly screen_source: 'pane' | 'output' | null
  readonly sources: readonly SourceRow[]
  /** The worker's last note of this iteration, from `lock.sh progress`. */
  readonly note: WorkerNote | null
  /** The path of the newest incident bundle. */
  readonly incident: string | null
  readonly next: readonly Step[]
}

/** What `why --json` prints: the report of `status --json`, and the details. */
export const diagnosisReport = ({ snapshot, ...details }: Diagnosis): SessionReport => ({
  ...sessionReport(snapshot.session, snapshot.stored, snapshot.verdict),
  ...details,
})

const describeState = (liveness: Liveness): string => {
  if (liveness.kind !== 'alive') return liveness.reason
  return liveness.state === 'hidden' ? 'there, but hidden from this user' : liveness.state
}

const part = (reference: ProcessReference | null, liveness: Liveness): Part | null =>
  reference === null
    ? null
    : {
        pid: reference.pid,
        pid_started: reference.pid_started,
        alive: liveness.kind === 'unknown' ? null : liveness.kind === 'alive',
        state: describeState(liveness),
      }

const CPU_SAMPLE_SECONDS = 0.3

const treeRows = async (world: World, record: LockRecord): Promise<readonly TreeRow[]> => {
  const found = findWorker(world.inspector, world.observer, record)
  if (found.length === 0) return []
  const started = world.clock.monotonic()
  const before = world.inspector.snapshot()
  const cpuBefore = new Map(found.map(({ pid }) => [pid, before.cpuSeconds(pid)]))
  await world.clock.sleep(CPU_SAMPLE_SECONDS)
  const view = world.inspector.snapshot()
  const seconds = world.clock.monotonic() - started
  return found.map(({ pid, parent, state, name }) => {
    const command = view.commandLine(pid)
    const cpu = view.cpuSeconds(pid)
    const earlier = cpuBefore.get(pid) ?? null
    return {
      pid,
      parent,
      state,
      cpu_seconds: cpu,
      cpu_percent: cpu === null || earlier === null ? null : Math.round(((cpu - earlier) / seconds) * 100),
      age_seconds: view.ageSeconds(pid),
      command: command.length === 0 ? [name] : command,
    }
  })
}

const SOURCES = ['note', 'output', 'repeat', 'io', 'cpu'] as const
/** Progress; the others are activity. */
const STRONG: ReadonlySet<keyof Activity['sources']> = new Set(['note', 'output'])

const sourceRows = ({ watch, options }: LockRecord, now: Now): readonly SourceRow[] =>
  SOURCES.flatMap((source) => {
    const seen = watch?.sources[source] ?? null
    if (seen === null) return []
    const limit = STRONG.has(source) ? options.stuck_after : options.quiet_after
    return [{ source, value: seen.value, age: Math.max(0, now.monotonic - seen.monotonic), limit }]
  })

/** What tmux itself writes below what a program has left. */
const PANE_IS_DEAD = /^Pane is dead \(/

const readPane = async (
  world: World,
  target: TmuxTarget | null,
): Promise<Pick<Diagnosis, 'pane' | 'screen'>> => {
  if (target === null) return { pane: null, screen: [] }
  const state = await paneState(target, world)
  if (state === null) return { pane: 'gone', screen: [] }
  const lines = await captureScreen(target, world)
  const shown = state.kind === 'dead' ? lines.filter((line) => !PANE_IS_DEAD.test(line)) : lines
  return { pane: state.kind, screen: shown.slice(0, shown.findLastIndex((line) => line !== '') + 1) }
}

const OUTPUT_LINES = 200

/**
 * The pane's screen while the pane is the session's, else the end of its output.
 *
 * A live pane whose owner has ended may be in use for something else; a dead one still shows the owner's screen.
 */
const readScreen = async (
  world: World,
  record: LockRecord | null,
  ownerAlive: boolean,
): Promise<Pick<Diagnosis, 'pane' | 'screen' | 'screen_source'>> => {
  const seen = await readPane(world, record?.tmux ?? null)
  if (seen.screen.length > 0 && (ownerAlive || seen.pane === 'dead'))
    return { ...seen, screen_source: 'pane' }
  const lines =
    record === null
      ? []
      : lastOutputLines(
          world.paths(record.session),
          { generation: record.generation, iteration: record.iteration.number },
          OUTPUT_LINES,
        )
  return { pane: seen.pane, screen: lines, screen_source: lines.length > 0 ? 'output' : null }
}

export const diagnose = async (world: World, session: string): Promise<Diagnosis> => {
  const view = world.inspector.snapshot()
  const snapshot = inspectSession(world, session, view)
  const { stored, verdict } = snapshot
  const { lock } = world.paths(session)
  const record = stored.kind === 'record' ? stored.record : null
  // The owner of an ended run has let go of the session; its PID may belong to another process by now.
  const open = record !== null && record.ended === null ? record : null
  const ofRecord = (reference: ProcessReference | null): Part | null =>
    open === null ? null : part(reference, partLiveness(open, reference, view, world.observer))
  const kernelLock = { state: probeLock(lock, world.lockTool), open_in: holdersOf(lock, world.inspector) }
  return {
    snapshot,
    kernel_lock: kernelLock,
    owner_process: open === null ? null : part(open.owner, ownerLiveness(open, view, world.observer)),
    refresher_process: ofRecord(open?.refresher ?? null),
    worker_process: ofRecord(open?.worker ?? null),
    tree:
      record === null || verdict.state === 'free' || verdict.state === 'unknown'
        ? []
        : await treeRows(world, record),
    ...(await readScreen(world, record, verdict.ownerAlive === true)),
    sources: open === null ? [] : sourceRows(open, world.now()),
    note: open === null ? null : lastNote(world.paths(session), open.generation, open.iteration.number),
    incident: newestIncident(world.paths(session)),
    next: nextSteps(session, stored, verdict, kernelLock.state === 'held'),
  }
}
