/** Everything that can be found out about a session from outside, for `why`, `attach` and incident bundles. */
import type { Holder } from '../core/held.ts'
import type { Liveness } from '../core/identity.ts'
import { nextSteps, type Step } from '../core/next-steps.ts'
import type { ProgressNote } from '../core/note.ts'
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
import type { Session } from './session.ts'
import type { Snapshot } from './snapshot.ts'

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
  readonly note: ProgressNote | null
  /** The path of the newest incident bundle. */
  readonly incident: string | null
  readonly next: readonly Step[]
}

/** What `why --json` prints: the report of `status --json`, and the details. */
export const diagnosisReport = ({ snapshot, ...details }: Diagnosis): SessionReport => ({
  ...sessionReport(snapshot),
  ...details,
})

const describeState = (liveness: Liveness): string => {
  if (liveness.kind !== 'alive') return liveness.reason
  return liveness.state === 'hidden' ? 'there, but hidden from this user' : liveness.state
}

const part = (reference: ProcessReference | null, liveness: Liveness | null): Part | null =>
  reference === null || liveness === null
    ? null
    : {
        pid: reference.pid,
        pid_started: reference.pid_started,
        alive: liveness.kind === 'unknown' ? null : liveness.kind === 'alive',
        state: describeState(liveness),
      }

const CPU_SAMPLE_SECONDS = 0.3

const treeRows = async (world: World, record: LockRecord): Promise<readonly TreeRow[]> => {
  const found = findWorker(world, record)
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
  const isItsScreen = record?.tmux?.shows_output !== false
  if (isItsScreen && seen.screen.length > 0 && (ownerAlive || seen.pane === 'dead'))
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

/** The processes that an open run's record names. After its end their PIDs may belong to others. */
const parts = (
  { owner, refresher, worker }: Snapshot,
  open: LockRecord | null,
): Pick<Diagnosis, 'owner_process' | 'refresher_process' | 'worker_process'> => ({
  owner_process: part(open?.owner ?? null, owner),
  refresher_process: part(open?.refresher ?? null, refresher),
  worker_process: part(open?.worker ?? null, worker),
})

/** @param snapshot what is to be explained */
export const diagnose = async (
  session: Session,
  snapshot: Snapshot = session.snapshot(),
): Promise<Diagnosis> => {
  const { world, name, paths } = session
  const { stored, verdict, record } = snapshot
  const open = record !== null && record.ended === null ? record : null
  const kernelLock = {
    state: probeLock(paths.lock, world.lockTool),
    open_in: holdersOf(paths.lock, world.inspector),
  }
  const mayHaveProcesses = record !== null && verdict.state !== 'free' && verdict.state !== 'unknown'
  return {
    snapshot,
    kernel_lock: kernelLock,
    ...parts(snapshot, open),
    tree: mayHaveProcesses ? await treeRows(world, record) : [],
    ...(await readScreen(world, record, verdict.ownerAlive === true)),
    sources: open === null ? [] : sourceRows(open, world.now()),
    note: open === null ? null : lastNote(paths, open.generation, open.iteration.number),
    incident: newestIncident(paths),
    next: nextSteps(name, stored, verdict, {
      isHeld: kernelLock.state === 'held',
      isAsking: snapshot.attention !== null,
    }),
  }
}
