/** What a worker has to do with its terminal at this moment: for telling an echo from the worker's own words. */
import { readFileSync } from 'node:fs'
import type { ProcessView } from '../core/ports.ts'
import { readsTerminal } from './terminal-input.ts'

export type TerminalState = {
  /** One of its processes is blocked in a read of the terminal. */
  readonly isReading: boolean
  /** By its processes and those they have waited for, since they started; `null` when that cannot be seen. */
  readonly writtenBytes: number | null
}

/** Deeper or larger trees than this are looked at in part. */
const MAX_PROCESSES = 500

const treeOf = (view: ProcessView, root: number): readonly number[] => {
  const tree = [root]
  for (let at = 0; at < tree.length && tree.length < MAX_PROCESSES; at += 1)
    tree.push(...view.children(tree[at] ?? root))
  return tree
}

/** wchar of proc(5): all that was handed to write(2) and its kind; of children that were waited for, too. */
const writtenBy = (pid: number): number | null => {
  try {
    const count = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]
    return count === undefined ? null : Number(count)
  } catch {
    return null
  }
}

/** Where there is no /proc nothing can be seen. */
export const terminalState = (view: ProcessView, root: number): TerminalState => {
  const tree = treeOf(view, root)
  const counts = tree.map(writtenBy)
  return {
    isReading: tree.some(readsTerminal),
    // One that cannot be seen may have written anything.
    writtenBytes: counts.every((count) => count !== null)
      ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
      : null,
  }
}
