/** Finds the worker of a record among the processes of this machine. */

import type { Observer } from '../core/identity.ts'
import { isSameProcess, recordLocation } from '../core/identity.ts'
import type { ProcessFacts, ProcessInspector, ProcessView } from '../core/ports.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { chooseWorker, environmentMatches, type TreeQuery } from '../core/tree.ts'
import { type WorkerCgroups, workerCgroups } from './cgroup.ts'

/** This process and its ancestors: an engine started by a worker must not end itself by ending that worker. */
export const selfAndAncestors = (view: ProcessView): readonly number[] => {
  const line: number[] = []
  let pid = process.pid
  while (pid > 1 && !line.includes(pid)) {
    line.push(pid)
    const inspection = view.inspect(pid)
    if (inspection.kind !== 'process') break
    pid = inspection.facts.parent
  }
  return line
}

/** All processes, with those of the groups that were started while the others were read. */
const allWith = (view: ProcessView, cgroups: WorkerCgroups): readonly ProcessFacts[] => {
  const all = view.all()
  const known = new Set(all.map(({ pid }) => pid))
  const fresh = [...cgroups.pids()].flatMap((pid) => {
    const inspection = known.has(pid) ? null : view.inspect(pid)
    return inspection?.kind === 'process' ? [inspection.facts] : []
  })
  return [...all, ...fresh]
}

/** What is searched. */
export type Machine = {
  readonly inspector: ProcessInspector
  readonly observer: Observer
  /** Owners and refreshers of the other sessions that the lock directory names, with start times of this observer. */
  otherRuns(session: string): readonly ProcessReference[]
}

type Search = Machine & {
  readonly record: LockRecord
  readonly cgroups: WorkerCgroups
  /** Found before. */
  readonly known: readonly ProcessFacts[]
}

const queryOf = ({ record, cgroups, known, ...machine }: Search): TreeQuery => {
  const { inspector, observer } = machine
  // Start times of another clock prove nothing here; the cookie does.
  const comparable = record.owner.started_clock === observer.startClock
  const view = inspector.snapshot()
  const tolerance = inspector.startTolerance
  const self = new Set(selfAndAncestors(view))
  const seen: readonly ProcessReference[] = known.map(({ pid, started }) => ({ pid, pid_started: started }))
  const all = allWith(view, cgroups)
  // Read after all the others: a process that is in it now and was seen before is still the same one.
  const inCgroup = cgroups.pids()
  // Each is asked for twice, and to read them is most of what a search costs.
  const answers = new Map<number, boolean>()
  // Nobody who was there before the owner is a child of its worker.
  const born = record.owner.pid_started - tolerance
  const mayCarryIt = new Set(all.flatMap(({ pid, started }) => (!comparable || started >= born ? [pid] : [])))
  const isOwnHelper = (facts: ProcessFacts): boolean =>
    isSameProcess(facts, record.owner, tolerance) || isSameProcess(facts, record.refresher, tolerance)
  let others: ReadonlyMap<number, ProcessReference> | undefined
  return {
    all,
    worker: comparable ? record.worker : null,
    descendants: comparable ? [...record.members, ...seen] : seen,
    startTolerance: tolerance,
    isInCgroup: (pid) => inCgroup.has(pid),
    carriesCookie(pid) {
      if (!mayCarryIt.has(pid)) return false
      const answer =
        answers.get(pid) ?? environmentMatches(view.environment(pid), record.cookie, record.iteration.number)
      answers.set(pid, answer)
      return answer
    },
    isExcluded: (facts) => self.has(facts.pid) || isOwnHelper(facts),
    isOwnHelper,
    // Asked only about what carries a mark: a directory of a thousand records is not read for nothing.
    isOtherRun(facts) {
      others ??= new Map(machine.otherRuns(record.session).map((other) => [other.pid, other]))
      return isSameProcess(facts, others.get(facts.pid) ?? null, tolerance)
    },
  }
}

/** What one search has found. */
export type WorkerSearch = {
  readonly processes: readonly ProcessFacts[]
  /** Its own process group, when it is proven to be that. */
  readonly group: number | null
  /** Its control groups; `null` when they contain other processes. */
  readonly cgroups: WorkerCgroups | null
}

/**
 * @param known processes that were found before, and may have lost the proof that they belong to it since
 * @returns nothing for a record of another boot, host or PID namespace: its numbers mean other processes here
 */
export const searchForWorker = (
  machine: Machine,
  record: LockRecord,
  known: readonly ProcessFacts[] = [],
): WorkerSearch => {
  if (recordLocation(record, machine.observer) !== 'here')
    return { processes: [], group: null, cgroups: null }
  const cgroups = workerCgroups(record.cgroup, record.iteration.number)
  const { processes, group, isCgroupPure } = chooseWorker(queryOf({ ...machine, record, cgroups, known }))
  return { processes, group, cgroups: isCgroupPure ? cgroups : null }
}

/** See {@link searchForWorker}. */
export const findWorker = (machine: Machine, record: LockRecord): readonly ProcessFacts[] =>
  searchForWorker(machine, record).processes
