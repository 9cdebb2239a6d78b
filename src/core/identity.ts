/**
 * "Is that process still the one in the record?": yes and no only on proof.
 *
 * A PID alone proves nothing: it is reused, differs between PID namespaces, and means nothing after a reboot.
 */
import type { ProcessFacts, ProcessInspector, ProcessState, ProcessView } from './ports.ts'
import type { LockRecord, ProcessReference, StartClock } from './record.ts'

export type Liveness =
  | { readonly kind: 'alive'; readonly state: ProcessState | 'hidden' }
  | { readonly kind: 'gone'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** The facts about this machine that a record is compared with. */
export type Observer = Pick<ProcessInspector, 'startClock' | 'startTolerance' | 'bootId' | 'pidNamespace'> & {
  readonly host: string
}

/** @param tolerance two readings of one process's start may differ by this much */
export const isSameProcess = (
  { pid, started }: Pick<ProcessFacts, 'pid' | 'started'>,
  reference: ProcessReference | null,
  tolerance: number,
): boolean =>
  reference !== null && pid === reference.pid && Math.abs(started - reference.pid_started) <= tolerance

/** Where the record's PIDs live, seen from here. */
export const recordLocation = (
  { owner }: Pick<LockRecord, 'owner'>,
  observer: Observer,
): 'here' | 'other-boot' | 'other-host' | 'other-namespace' => {
  // The same boot id is the same running kernel, whatever its host name is now.
  if (owner.boot_id !== observer.bootId) return owner.host === observer.host ? 'other-boot' : 'other-host'
  return owner.pid_namespace === observer.pidNamespace ? 'here' : 'other-namespace'
}

/**
 * One process of this boot and PID namespace.
 *
 * A process that may not be looked at (EPERM) is alive: that it is there is all that can be known. A zombie is
 * gone only when none of its threads runs any more; the inspector reports `exited` under just that condition.
 */
export const livenessOf = (
  view: ProcessView,
  reference: ProcessReference,
  clock: StartClock,
  observer: Pick<Observer, 'startClock' | 'startTolerance'>,
): Liveness => {
  const inspection = view.inspect(reference.pid)
  if (inspection.kind === 'none') return { kind: 'gone', reason: 'no such process' }
  if (inspection.kind === 'hidden') return { kind: 'alive', state: 'hidden' }
  if (clock !== observer.startClock) {
    return { kind: 'unknown', reason: `its start time was taken as ${clock}, which cannot be compared here` }
  }
  const { facts } = inspection
  if (!isSameProcess(facts, reference, observer.startTolerance)) {
    return { kind: 'gone', reason: 'that PID now belongs to another process, with another start time' }
  }
  if (facts.state === 'exited') return { kind: 'gone', reason: 'it has exited and only waits for its parent' }
  return { kind: 'alive', state: facts.state }
}

/** The owner that a record names. */
export const ownerLiveness = (record: LockRecord, view: ProcessView, observer: Observer): Liveness => {
  switch (recordLocation(record, observer)) {
    case 'other-host':
      return { kind: 'unknown', reason: `it runs on another host (${record.owner.host})` }
    case 'other-namespace':
      return {
        kind: 'unknown',
        reason: `it runs in another PID namespace (${record.owner.pid_namespace ?? 'none'})`,
      }
    case 'other-boot':
      return { kind: 'gone', reason: 'the machine has been rebooted since' }
    case 'here':
      return livenessOf(view, record.owner, record.owner.started_clock, observer)
  }
}

/** A worker or refresher that a record names. */
export const partLiveness = (
  record: LockRecord,
  part: ProcessReference | null,
  view: ProcessView,
  observer: Observer,
): Liveness => {
  if (part === null) return { kind: 'gone', reason: 'none is recorded' }
  const location = recordLocation(record, observer)
  if (location === 'other-boot') return { kind: 'gone', reason: 'the machine has been rebooted since' }
  if (location !== 'here') return { kind: 'unknown', reason: 'it cannot be seen from here' }
  return livenessOf(view, part, record.owner.started_clock, observer)
}
