/** What an iteration has changed, as its line in the history says it. Pure. */
import { isCount, isObject } from '../checks.ts'
import { plural } from '../plural.ts'

export type Changed = {
  /** Commits that the work tree's HEAD leads to now, and did not lead to before. */
  readonly commits: number
  /** Files of the work tree, tracked or not ignored, that are in these commits or have another content or status. */
  readonly files: number
  /** HEAD is another commit or another branch. */
  readonly head_moved: boolean
  /** What the worker itself has said with `lock.sh progress`. */
  readonly notes: number
  /** Lines that no iteration before had printed; counted outside of git only, where nothing else tells of a change. */
  readonly output: number
}

export const NOTHING_CHANGED: Changed = { commits: 0, files: 0, head_moved: false, notes: 0, output: 0 }

export const hasChanged = ({ commits, files, head_moved, notes, output }: Changed): boolean =>
  head_moved || commits + files + notes + output > 0

const counted = (count: number, noun: string): readonly string[] => (count === 0 ? [] : [plural(count, noun)])

/** `2 commits, 3 files`; `null` is what could not be looked at. */
export const changedWords = (changed: Changed | null): string => {
  if (changed === null) return 'not known'
  const words = [
    ...counted(changed.commits, 'commit'),
    ...counted(changed.files, 'file'),
    ...counted(changed.notes, 'note'),
    ...counted(changed.output, 'new line'),
  ]
  if (words.length > 0) return words.join(', ')
  return changed.head_moved ? 'another commit or branch' : 'nothing'
}

/** Of a history line. */
export const isChanged = (v: unknown): v is Changed =>
  isObject(v) &&
  isCount(v.commits) &&
  isCount(v.files) &&
  typeof v.head_moved === 'boolean' &&
  isCount(v.notes) &&
  isCount(v.output)
