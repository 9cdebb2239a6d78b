/** Ends the worker that a record names. */
import type { Observer } from '../core/identity.ts'
import type { Clock, ProcessInspector, SendSignal } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import { probe } from './signals.ts'
import { endTree, type TreeEnd } from './terminate.ts'
import { searchForWorker } from './worker-tree.ts'

export type Processes = {
  readonly inspector: ProcessInspector
  readonly observer: Observer
  readonly signal: SendSignal
  readonly clock: Clock
}

export const endWorker = (
  { inspector, observer, signal, clock }: Processes,
  record: LockRecord,
  graceSeconds: number,
  killNow?: AbortSignal,
): Promise<TreeEnd> =>
  endTree({
    find: (known) => searchForWorker(inspector, observer, record, known),
    groupExists: (group) => probe(-group) !== 'none',
    graceSeconds,
    inspector,
    signal,
    clock,
    ...(killNow === undefined ? {} : { killNow }),
  })
