/** What was made of files, for somebody who looks at the same files again and again: a file is read when it has changed. */
import { lstatSync, type Stats } from 'node:fs'

/** A file's times may stand still for two changes that are this close to each other. */
const SETTLED_MILLISECONDS = 1000

/** The times tell of a change, also that of a file that was moved here; its place tells of most changes in one moment. */
type Stamp = Pick<Stats, 'ino' | 'size' | 'mode' | 'mtimeMs' | 'ctimeMs'>

type Kept = { readonly stamp: Stamp | undefined; readonly key: number; readonly value: unknown }

const isSame = (a: Stamp | undefined, b: Stamp | undefined): boolean =>
  a === undefined || b === undefined
    ? a === b
    : a.ino === b.ino &&
      a.ctimeMs === b.ctimeMs &&
      a.mtimeMs === b.mtimeMs &&
      a.size === b.size &&
      a.mode === b.mode

/** `undefined` for a file that is not there; `null` when a change might not be seen in it, now or later. */
const stampOf = (path: string): Stamp | undefined | null => {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats === undefined || Date.now() - stats.ctimeMs > SETTLED_MILLISECONDS ? stats : null
  } catch {
    return null
  }
}

export class FileMemory {
  #before = new Map<string, Kept>()
  #now = new Map<string, Kept>()

  /** Begins a round of looks. What nobody asked for in the round before is forgotten. */
  begin(): void {
    this.#before = this.#now
    this.#now = new Map()
  }

  /**
   * @param read makes the value from the file, or from its absence
   * @param key a value that was made for another key is not this one
   */
  take<Value>(path: string, read: () => Value, key = 0): Value {
    // Asked before the file is read: what changes in between is seen in the next round.
    const stamp = stampOf(path)
    const known = this.#now.get(path) ?? this.#before.get(path)
    if (stamp !== null && known !== undefined && known.key === key && isSame(known.stamp, stamp)) {
      this.#now.set(path, known)
      return known.value as Value
    }
    const value = read()
    if (stamp !== null) this.#now.set(path, { stamp, key, value })
    return value
  }
}
