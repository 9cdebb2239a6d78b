/**
 * Which processes are the worker: a choice from one snapshot of the machine. Pure.
 *
 * The control group that the worker was born into is one that a process cannot lose by itself, and not every system lets
 * us have it. Of the others it can lose each (a double fork loses descent, `env -i` loses the cookie, `setsid` loses the
 * group), so all of them count: descent from the recorded worker; its process group; the run's cookie in the environment.
 * What was proven once stays proven: a member whose parents have died since is still one.
 *
 * All but descent is inherited, also through a tmux server that the worker has started and by the engines that people
 * start in its windows: there it proves nothing.
 */

import { isSameProcess } from './identity.ts'
import type { ProcessFacts } from './ports.ts'
import type { ProcessReference } from './record.ts'

export type TreeQuery = {
  readonly all: readonly ProcessFacts[]
  readonly worker: ProcessReference | null
  /** Processes that were proven to be of the worker before, and may have lost their parents since. */
  readonly descendants: readonly ProcessReference[]
  readonly startTolerance: number
  /** Is in a control group of this run's worker. */
  readonly isInCgroup: (pid: number) => boolean
  /** Carries the cookie of this run and iteration in its environment. */
  readonly carriesCookie: (pid: number) => boolean
  /** Never part of the tree: the owner, its refresher, the caller. */
  readonly isExcluded: (facts: ProcessFacts) => boolean
  /** This run's own owner or refresher: what is below them is below no other run and no tmux server. */
  readonly isOwnHelper: (facts: ProcessFacts) => boolean
  /** The owner or refresher of another session: it may have inherited whatever this run's workers carry. */
  readonly isOtherRun: (facts: ProcessFacts) => boolean
}

/** A tmux server started by the worker serves other sessions too; it names itself `tmux: server` on Linux. */
export const isTmuxServer = (facts: Pick<ProcessFacts, 'name' | 'parent'>): boolean =>
  facts.name === 'tmux: server' || (facts.name === 'tmux' && facts.parent === 1)

/** Whatever proves it to be of the worker. */
const isForeign = (query: TreeQuery, facts: ProcessFacts): boolean =>
  query.isExcluded(facts) || isTmuxServer(facts)

/** The worker itself, and who was seen as its descendant. */
const knownIn = ({ worker, descendants, startTolerance }: TreeQuery): ((facts: ProcessFacts) => boolean) => {
  const known = new Map(descendants.map((descendant) => [descendant.pid, descendant]))
  return (facts) =>
    isSameProcess(facts, worker, startTolerance) ||
    isSameProcess(facts, known.get(facts.pid) ?? null, startTolerance)
}

/**
 * Whether a process has its marks (group, control group, cookie) only by inheritance through somebody else: it is another
 * session's owner or guard, or has one of these or a tmux server above itself, nearer than anything of this run.
 */
const inheritedIn = (
  query: TreeQuery,
  isKnown: (facts: ProcessFacts) => boolean,
): ((facts: ProcessFacts) => boolean) => {
  const byPid = new Map(query.all.map((facts) => [facts.pid, facts]))
  return (facts) => {
    const passed = new Set<number>()
    for (
      let next: ProcessFacts | undefined = facts;
      next !== undefined && !passed.has(next.pid);
      next = byPid.get(next.parent)
    ) {
      if (isKnown(next) || query.isOwnHelper(next)) return false
      if (isTmuxServer(next) || query.isOtherRun(next)) return true
      passed.add(next.pid)
    }
    return false
  }
}

type Proven = {
  readonly processes: readonly ProcessFacts[]
  /** The worker's own process group, when it is still that. */
  readonly group: number | null
}

const provenBy = (query: TreeQuery): Proven => {
  const { all, worker, carriesCookie } = query
  // What people open in a tmux server later starts in its control group.
  const hasServer = all.some((facts) => query.isInCgroup(facts.pid) && isTmuxServer(facts))
  const isInCgroup = (pid: number): boolean => !hasServer && query.isInCgroup(pid)
  const isKnown = knownIn(query)
  const isInherited = inheritedIn(query, isKnown)
  const isProven = (facts: ProcessFacts): boolean =>
    isKnown(facts) || ((isInCgroup(facts.pid) || carriesCookie(facts.pid)) && !isInherited(facts))
  // A group id stays taken while the group has members, so one proven member proves the group to be the worker's.
  // A group with another number than the worker's PID is not the worker's own: it may be the owner's shell pipeline.
  // Its members are asked for their cookies first: one that lives for some milliseconds only is gone when all others
  // have been asked.
  const group =
    worker === null ? [] : all.filter((facts) => facts.group === worker.pid && !isInherited(facts))
  const isGroupProven = worker !== null && group.some((facts) => isProven(facts))
  return {
    processes: isGroupProven ? [...all.filter(isProven), ...group] : all.filter(isProven),
    group: isGroupProven ? worker.pid : null,
  }
}

/** Parents before their children, with those that have exited. */
const treeOf = (query: TreeQuery, { processes }: Proven): ReadonlyMap<number, ProcessFacts> => {
  const childrenOf = new Map<number, ProcessFacts[]>()
  for (const facts of query.all) {
    const siblings = childrenOf.get(facts.parent)
    if (siblings === undefined) childrenOf.set(facts.parent, [facts])
    else siblings.push(facts)
  }
  const tree = new Map<number, ProcessFacts>()
  const queue = [...processes]
  for (let facts = queue.shift(); facts !== undefined; facts = queue.shift()) {
    if (tree.has(facts.pid) || isForeign(query, facts)) continue
    tree.set(facts.pid, facts)
    queue.push(...(childrenOf.get(facts.pid) ?? []))
  }
  return tree
}

/** What one search chooses. */
export type Choice = {
  /** Parents before their children. Processes that have exited are left out: nothing can be sent to them. */
  readonly processes: readonly ProcessFacts[]
  /**
   * The process group that only the worker is in, so that one signal to it reaches all of its processes, also those that
   * are being forked. `null` when it cannot be proven, or it contains a process that is not of the tree.
   */
  readonly group: number | null
  /** Whether the control groups contain only the worker, so that they can be killed as a whole. */
  readonly isCgroupPure: boolean
}

export const chooseWorker = (query: TreeQuery): Choice => {
  const proven = provenBy(query)
  const tree = treeOf(query, proven)
  const isStranger = (facts: ProcessFacts): boolean => facts.state !== 'exited' && !tree.has(facts.pid)
  return {
    processes: [...tree.values()].filter((facts) => facts.state !== 'exited'),
    group: query.all.some((facts) => facts.group === proven.group && isStranger(facts)) ? null : proven.group,
    isCgroupPure: !query.all.some((facts) => query.isInCgroup(facts.pid) && isStranger(facts)),
  }
}

/** See {@link Choice}. */
export const workerTree = (query: TreeQuery): readonly ProcessFacts[] => chooseWorker(query).processes

/** In the environment of a command that runs beside the run, as `--until`, with a mark of its own. */
export const HOOK_VARIABLE = 'LOCK_HOOK'

/**
 * Whether an environment belongs to this run and iteration.
 *
 * What an earlier iteration left in the background by itself carries a lower number and is left alone. A higher one is
 * the owner's all the same: on a full disk it could not write that it had gone on. A hook runs when its iteration has
 * ended, and before the next one: it belongs to both.
 */
export const environmentMatches = (
  environment: readonly string[],
  cookie: string,
  iteration: number,
): boolean => {
  if (!environment.includes(`LOCK_COOKIE=${cookie}`)) return false
  const entry = environment.find((text) => text.startsWith('LOCK_ITERATION='))
  if (entry === undefined) return true
  const isHook = environment.some((text) => text.startsWith(`${HOOK_VARIABLE}=`))
  return Number(entry.slice('LOCK_ITERATION='.length)) + (isHook ? 1 : 0) >= iteration
}
