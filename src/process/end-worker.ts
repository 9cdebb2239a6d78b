/** Ends the worker that a record names. */
import type { Clock, SendSignal } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import { probe } from './signals.ts'
import { endTree, type TreeEnd } from './terminate.ts'
import { type Machine, searchForWorker } from './worker-tree.ts'

export type Processes = Machine & {
  readonly signal: SendSignal
  readonly clock: Clock
}

export const endWorker = (
  { signal, clock, ...machine }: Processes,
  record: LockRecord,
  graceSeconds: number,
  killNow?: AbortSignal,
): Promise<TreeEnd> =>
  endTree({
    find: (known) => searchForWorker(machine, record, known),
    groupExists: (group) => probe(-group) !== 'none',
    graceSeconds,
    inspector: machine.inspector,
    signal,
    clock,
    ...(killNow === undefined ? {} : { killNow }),
  })
