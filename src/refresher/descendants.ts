import { livenessOf } from '../core/identity.ts'
import type { ProcessInspector, ProcessView } from '../core/ports.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { isTmuxServer } from '../core/tree.ts'

/** A tree of more is ended all the same, by descent, group and cookie. */
const MAX_DESCENDANTS = 256

export type DescendantTracker = {
  /** Those that live now. */
  sample(view?: ProcessView): readonly ProcessReference[]
}

/**
 * Descendants of the worker, as they come and go. Who has been seen as a descendant stays one after its parents
 * have died, so that a daemon that sheds every other proof can still be found.
 *
 * Reads only the tree's own entries in /proc; where children cannot be listed without starting a process it sees none.
 */
export const createDescendantTracker = (
  record: LockRecord,
  inspector: ProcessInspector,
): DescendantTracker => {
  let descendants: readonly ProcessReference[] = record.members
  if (!inspector.hasProcfs) return { sample: () => descendants }
  return {
    sample(view: ProcessView = inspector.snapshot()): readonly ProcessReference[] {
      const roots = record.worker === null ? descendants : [record.worker, ...descendants]
      const found = new Map<number, ProcessReference>()
      const queue = roots.filter(
        (reference) => livenessOf(view, reference, record.owner.started_clock, inspector).kind === 'alive',
      )
      for (
        let next = queue.shift();
        next !== undefined && found.size <= MAX_DESCENDANTS;
        next = queue.shift()
      ) {
        if (found.has(next.pid)) continue
        found.set(next.pid, next)
        for (const pid of view.children(next.pid)) {
          const inspection = view.inspect(pid)
          // One that is being started is still below its client; what people open in it later is not the worker's.
          if (inspection.kind === 'process' && !isTmuxServer(inspection.facts))
            queue.push({ pid, pid_started: inspection.facts.started })
        }
      }
      if (record.worker !== null) found.delete(record.worker.pid)
      descendants = [...found.values()]
      return descendants
    },
  }
}
