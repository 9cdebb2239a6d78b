/** Removes what a session has left. Only with the kernel lock held, and never the lock file itself. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import type { SessionPaths } from './paths.ts'

const entriesOf = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

/** Records that were moved aside because they were none. */
const quarantined = ({ record }: SessionPaths): readonly string[] =>
  entriesOf(dirname(record))
    .filter((entry) => entry.startsWith(`${basename(record)}.corrupt-`))
    .map((entry) => join(dirname(record), entry))

/**
 * Everything but `NAME.lock`, and an empty `NAME/runs/N`: that directory is what the next generation is counted from.
 *
 * The record goes first, so that what a crash leaves is a session that has no record, and is forgotten by the next try.
 *
 * @param generation the highest that was used @throws LockError `io`
 */
export const forgetFiles = (paths: SessionPaths, generation: number): void => {
  const kept = paths.run(generation)
  try {
    for (const path of [paths.record, ...quarantined(paths)]) rmSync(path, { force: true })
    for (const entry of entriesOf(paths.home)) {
      const path = join(paths.home, entry)
      if (path !== paths.runs) rmSync(path, { recursive: true, force: true })
    }
    mkdirSync(kept, { recursive: true, mode: 0o700 })
    for (const entry of entriesOf(paths.runs)) {
      const path = join(paths.runs, entry)
      if (path !== kept) rmSync(path, { recursive: true, force: true })
    }
    for (const entry of entriesOf(kept)) rmSync(join(kept, entry), { recursive: true, force: true })
  } catch (error) {
    throw errors.io(`what ${basename(paths.home)} has left cannot be removed`, error)
  }
}
