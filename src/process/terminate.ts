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
/** Where a search starts a process they take long, and the dead that nobody has waited for would cost seconds. */
const MIN_SEARCHES = 5
const SEARCH_SECONDS = 0.25
/** For what was killed, before it is looked for again. */
const KILL_WAIT_SECONDS = 0.5

type Found = ReturnType<TreeEndRequest['find']>

const key = (facts: ProcessFacts): string => `${facts.pid}@${facts.started}`

/** A tree while it is being ended: all that was found of it, and how to signal it. */
class Tree {
  readonly #request: TreeEndRequest
  readonly #seen = new Map<string, ProcessFacts>()
  #group: number | null = null
  #cgroups: Found['cgroups'] = null

  constructor(request: TreeEndRequest) {
    this.#request = request
  }

  get found(): number {
    return this.#seen.size
  }

  search(): Found {
    // A parent that is ended takes with it the proof that its children belong to the tree.
    const found = this.#request.find([...this.#seen.values()])
    for (const facts of found.processes) this.#seen.set(key(facts), facts)
    this.#group = found.group ?? this.#group
    this.#cgroups = found.cgroups
    return found
  }

  /** Searches again while nobody is found and the kernel says that somebody is there. */
  async find(): Promise<readonly ProcessFacts[]> {
    const { clock } = this.#request
    const began = clock.monotonic()
    for (let count = 1; ; count += 1) {
      const { processes } = this.search()
      const isEnough =
        count > SEARCHES || (count >= MIN_SEARCHES && clock.monotonic() - began > SEARCH_SECONDS)
      if (processes.length > 0 || isEnough || !this.#mayHaveHiddenProcesses()) return processes
      await clock.sleep(SEARCH_PAUSE_SECONDS)
    }
  }

  isCgroupPopulated(): boolean {
    return this.#cgroups !== null && this.#cgroups.pids().size > 0
  }

  send(facts: ProcessFacts, name: SignalName): void {
    const now = this.#currentFacts(facts)
    if (now === null) return
    this.#request.signal(now.pid, name)
    if (name === 'SIGTERM' && now.state === 'stopped') this.#request.signal(now.pid, 'SIGCONT')
  }

  /** Looked for just before it is signalled, as a process is in {@link send}. */
  sendGroup(name: SignalName): void {
    for (let again = SEARCHES; again > 0; again -= 1) {
      const { group } = this.search()
      if (group !== null) {
        this.#request.signal(-group, name)
        return
      }
      // Without a group of its own it has none that could come to light.
      if (this.#group === null || !this.#mayHaveHiddenProcesses()) return
    }
  }

  /** Waits for these to be gone, a little longer each time, until `deadline`. */
  async awaitGone(targets: readonly ProcessFacts[], deadline: number, cut?: AbortSignal): Promise<boolean> {
    const { clock, inspector } = this.#request
    let pause = FIRST_POLL_SECONDS
    const anyAlive = (): boolean => {
      const view = inspector.snapshot()
      return targets.some((facts) => this.#currentFacts(facts, view) !== null)
    }
    while (anyAlive()) {
      const left = deadline - clock.monotonic()
      if (left <= 0 || cut?.aborted === true) return false
      await clock.sleep(Math.min(pause, left), cut)
      pause = Math.min(pause * 2, LAST_POLL_SECONDS)
    }
    return true
  }

  #mayHaveHiddenProcesses(): boolean {
    return this.isCgroupPopulated() || (this.#group !== null && this.#request.groupExists(this.#group))
  }

  #currentFacts(facts: ProcessFacts, view = this.#request.inspector.snapshot()): ProcessFacts | null {
    const inspection = view.inspect(facts.pid)
    if (inspection.kind !== 'process' || inspection.facts.state === 'exited') return null
    const { startTolerance } = this.#request.inspector
    return Math.abs(inspection.facts.started - facts.started) <= startTolerance ? inspection.facts : null
  }
}

/** Steps 1 and 2. @returns what is left after the grace */
const terminate = async (tree: Tree, request: TreeEndRequest): Promise<readonly ProcessFacts[]> => {
  const { clock, killNow } = request
  const graceEnds = clock.monotonic() + request.graceSeconds
  const asked = new Set<string>()
  let targets = await tree.find()
  while (targets.length > 0) {
    for (const facts of targets) {
      if (asked.has(key(facts))) continue
      asked.add(key(facts))
      tree.send(facts, 'SIGTERM')
    }
    if (!(await tree.awaitGone(targets, graceEnds, killNow))) return tree.find()
    targets = await tree.find()
    // A process that forks and exits before every search is never met alive; without this the loop has no end.
    if (clock.monotonic() >= graceEnds || killNow?.aborted === true) break
  }
  return targets
}

/** Step 3. @returns all that was stopped */
const stopAll = async (tree: Tree, first: readonly ProcessFacts[]): Promise<readonly ProcessFacts[]> => {
  const stopped = new Map<string, ProcessFacts>()
  let targets = first
  for (let round = 0; round < STOP_ROUNDS; round += 1) {
    const fresh = targets.filter((facts) => !stopped.has(key(facts)))
    if (fresh.length === 0) break
    for (const facts of fresh) {
      stopped.set(key(facts), facts)
      tree.send(facts, 'SIGSTOP')
    }
    targets = await tree.find()
  }
  return [...stopped.values()]
}

/** Steps 3 and 4, until nothing is left or the time is over. */
const kill = async (
  tree: Tree,
  clock: Clock,
  first: readonly ProcessFacts[],
): Promise<Pick<TreeEnd, 'killed' | 'survivors'>> => {
  const killEnds = clock.monotonic() + KILL_SECONDS
  const killed = new Set<string>()
  let targets = first
  // In a control group there may be a process that this user may not inspect, but may kill with the group.
  while ((targets.length > 0 || tree.isCgroupPopulated()) && clock.monotonic() < killEnds) {
    tree.sendGroup('SIGSTOP')
    targets = await stopAll(tree, targets)
    for (const facts of targets) {
      killed.add(key(facts))
      tree.send(facts, 'SIGKILL')
    }
    tree.sendGroup('SIGKILL')
    tree.search().cgroups?.kill()
    await tree.awaitGone(targets, Math.min(killEnds, clock.monotonic() + KILL_WAIT_SECONDS))
    targets = await tree.find()
  }
  return { killed: killed.size, survivors: targets }
}

export const endTree = async (request: TreeEndRequest): Promise<TreeEnd> => {
  const tree = new Tree(request)
  const left = await terminate(tree, request)
  const { killed, survivors } = await kill(tree, request.clock, left)
  return { found: tree.found, killed, survivors }
}
