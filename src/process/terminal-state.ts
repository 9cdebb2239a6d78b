/** What a worker has to do with its terminal at this moment: for telling an echo from the worker's own words. */
import { readFileSync } from 'node:fs'
import type { ProcessView } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'
import { readsTerminal } from './terminal-input.ts'

export type TerminalState = {
  /** One of its processes is blocked in a read of the terminal. */
  readonly isReading: boolean
  /** By its processes and those they have waited for, since they started; `null` when that cannot be seen. */
  readonly writtenBytes: number | null
}

/** Deeper or larger trees than this are looked at in part. */
const MAX_PROCESSES = 500
/** A process may be gone between the look at the tree and the one at it; its parent, which has its count then, was read before. */
const MAX_LOOKS = 10

const treeOf = (view: ProcessView, root: number): readonly number[] => {
  const tree = [root]
  for (let at = 0; at < tree.length && tree.length < MAX_PROCESSES; at += 1)
    tree.push(...view.children(tree[at] ?? root))
  return tree
}

/** wchar of proc(5): all that was handed to write(2) and its kind; of children that were waited for, too. */
const writtenBy = (pid: number): number | 'gone' | null => {
  try {
    const count = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]
    return count === undefined ? null : Number(count)
  } catch (error) {
    return hasCode(error, 'ENOENT', 'ESRCH') ? 'gone' : null
  }
}

/** One that cannot be seen may have written anything. */
const writtenByAll = (counts: readonly (number | 'gone' | null)[]): number | null => {
  let sum = 0
  for (const count of counts) {
    if (typeof count !== 'number') return null
    sum += count
  }
  return sum
}

/** Where there is no /proc nothing can be seen. */
export const terminalState = (view: ProcessView, root: number): TerminalState => {
  let tree = treeOf(view, root)
  let counts = tree.map(writtenBy)
  for (let looks = 1; looks < MAX_LOOKS && counts.slice(1).includes('gone'); looks += 1) {
    tree = treeOf(view, root)
    counts = tree.map(writtenBy)
  }
  return { isReading: tree.some(readsTerminal), writtenBytes: writtenByAll(counts) }
}
