/**
 * Ends processes and does not stop before nothing is left.
 *
 * 1. TERM to every process of the tree, CONT to those that are stopped: a stopped process takes no TERM.
 * 2. Wait until they are gone, at most `grace` seconds, and search again: processes born meanwhile get TERM too.
 * 3. STOP whatever is left, and search again until nothing new appears: what cannot run cannot fork. The process group, if
 *    it is the tree's own, is stopped as a whole, with processes that are born and gone between two searches. Its
 *    control groups are killed likewise.
 * 4. KILL, and search again, until the tree is empty or KILL_SECONDS have passed.
 *
 * Promised: before every signal the target is checked again, so that a reused PID is never hit.
 * Not promised: that a process which belongs to another user, or hangs in the kernel, is gone; the report says.
 */
import { KILL_SECONDS } from '../core/defaults.ts'
import type { Clock, ProcessFacts, ProcessInspector, SendSignal, SignalName } from '../core/ports.ts'
import type { WorkerCgroups } from './cgroup.ts'

export type TreeEnd = {
  /** How many processes were signalled. */
  readonly found: number
  /** How many of them took a KILL. */
  readonly killed: number
  readonly survivors: readonly ProcessFacts[]
}

export type TreeEndRequest = {
  /** Searches anew for what belongs to the tree; `known` was found to belong to it before. */
  readonly find: (known: readonly ProcessFacts[]) => {
    readonly processes: readonly ProcessFacts[]
    /** The process group that contains only the tree; `null` when there is none. */
    readonly group: number | null
    /** The control groups that contain only the tree; `null` when there are none. */
    readonly cgroups: Pick<WorkerCgroups, 'pids' | 'kill'> | null
  }
  /** Whether the kernel knows any process in a group, zombies included. */
  readonly groupExists: (group: number) => boolean
  readonly graceSeconds: number
  readonly inspector: Pick<ProcessInspector, 'snapshot' | 'startTolerance'>
  readonly signal: SendSignal
  readonly clock: Clock
  /** When aborted, KILL follows without the rest of the grace. */
  readonly killNow?: AbortSignal
}

const FIRST_POLL_SECONDS = 0.005
const LAST_POLL_SECONDS = 0.1
/** Enough for a tree that forks while it is being stopped; a fork bomb exceeds every bound, and is killed then. */
const STOP_ROUNDS = 20
/** A search reads one process after the other and may miss what is born while its parent dies; so many do not. */
const SEARCHES = 20
const SEARCH_PAUSE_SECONDS = 0.005

const key = (facts: ProcessFacts): string => `${facts.pid}@${facts.started}`

export const endTree = async (request: TreeEndRequest): Promise<TreeEnd> => {
  const { clock, inspector } = request
  const seen = new Map<string, ProcessFacts>()
  let ownGroup: number | null = null
  let ownCgroups: Pick<WorkerCgroups, 'pids'> | null = null
  const search = (): ReturnType<TreeEndRequest['find']> => {
    // A parent that is ended takes with it the proof that its children belong to the tree.
    const found = request.find([...seen.values()])
    for (const facts of found.processes) seen.set(key(facts), facts)
    ownGroup = found.group ?? ownGroup
    ownCgroups = found.cgroups
    return found
  }
  const isCgroupPopulated = (): boolean => ownCgroups !== null && ownCgroups.pids().size > 0
  const mayHaveHiddenProcesses = (): boolean =>
    isCgroupPopulated() || (ownGroup !== null && request.groupExists(ownGroup))
  const find = async (): Promise<readonly ProcessFacts[]> => {
    for (let again = SEARCHES; ; again -= 1) {
      const { processes } = search()
      if (processes.length > 0 || again === 0 || !mayHaveHiddenProcesses()) return processes
      await clock.sleep(SEARCH_PAUSE_SECONDS)
    }
  }
  const terminated = new Set<string>()
  const killed = new Set<string>()

  const currentFacts = (facts: ProcessFacts, view = inspector.snapshot()): ProcessFacts | null => {
    const inspection = view.inspect(facts.pid)
    if (inspection.kind !== 'process' || inspection.facts.state === 'exited') return null
    return Math.abs(inspection.facts.started - facts.started) <= inspector.startTolerance
      ? inspection.facts
      : null
  }
  const send = (facts: ProcessFacts, name: SignalName): void => {
    const now = currentFacts(facts)
    if (now === null) return
    request.signal(now.pid, name)
    if (name === 'SIGTERM' && now.state === 'stopped') request.signal(now.pid, 'SIGCONT')
  }
  /** Looked for just before it is signalled, as a process is in `send`. */
  const sendGroup = (name: SignalName): void => {
    for (let again = SEARCHES; again > 0; again -= 1) {
      const { group } = search()
      if (group !== null) {
        request.signal(-group, name)
        return
      }
      if (!mayHaveHiddenProcesses()) return
    }
  }
  /** Waits for these to be gone, a little longer each time, until `deadline`. */
  const awaitGone = async (
    targets: readonly ProcessFacts[],
    deadline: number,
    killNow?: AbortSignal,
  ): Promise<boolean> => {
    let pause = FIRST_POLL_SECONDS
    const anyAlive = (): boolean => {
      const view = inspector.snapshot()
      return targets.some((facts) => currentFacts(facts, view) !== null)
    }
    while (anyAlive()) {
      const left = deadline - clock.monotonic()
      if (left <= 0 || killNow?.aborted === true) return false
      await clock.sleep(Math.min(pause, left), killNow)
      pause = Math.min(pause * 2, LAST_POLL_SECONDS)
    }
    return true
  }

  const graceEnds = clock.monotonic() + request.graceSeconds
  let targets = await find()
  while (targets.length > 0) {
    for (const facts of targets) {
      if (terminated.has(key(facts))) continue
      terminated.add(key(facts))
      send(facts, 'SIGTERM')
    }
    if (!(await awaitGone(targets, graceEnds, request.killNow))) break
    targets = await find()
    // A process that forks and exits before every search is never met alive; without this the loop has no end.
    if (clock.monotonic() >= graceEnds || request.killNow?.aborted === true) break
  }

  const killEnds = clock.monotonic() + KILL_SECONDS
  targets = targets.length === 0 ? targets : await find()
  // In a control group there may be a process that this user may not inspect, but may kill with the group.
  while ((targets.length > 0 || isCgroupPopulated()) && clock.monotonic() < killEnds) {
    sendGroup('SIGSTOP')
    targets = await stopAll(find, targets, (facts) => send(facts, 'SIGSTOP'))
    for (const facts of targets) {
      killed.add(key(facts))
      send(facts, 'SIGKILL')
    }
    sendGroup('SIGKILL')
    search().cgroups?.kill()
    await awaitGone(targets, Math.min(killEnds, clock.monotonic() + 0.5))
    targets = await find()
  }
  return { found: seen.size, killed: killed.size, survivors: targets }
}

const stopAll = async (
  find: () => Promise<readonly ProcessFacts[]>,
  first: readonly ProcessFacts[],
  stop: (facts: ProcessFacts) => void,
): Promise<readonly ProcessFacts[]> => {
  const stopped = new Map<string, ProcessFacts>()
  let targets = first
  for (let round = 0; round < STOP_ROUNDS; round += 1) {
    const fresh = targets.filter((facts) => !stopped.has(key(facts)))
    if (fresh.length === 0) break
    for (const facts of fresh) {
      stopped.set(key(facts), facts)
      stop(facts)
    }
    targets = await find()
  }
  return [...stopped.values()]
}
