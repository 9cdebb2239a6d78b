/** The directory that a run's command works in: it may be taken away while the run goes on, as a work tree of git. */
import { statSync } from 'node:fs'
import { EXIT_CODES, errors, formatError } from '../core/errors.ts'
import type { RunEnd } from '../core/loop/decide.ts'
import { printable } from '../core/printable.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'

/** What may not be looked at is there: the command's start says what is wrong with it. */
export const isDirectoryGone = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true
  } catch {
    return false
  }
}

/** Says it, too. `null` while it is there. */
export const goneDirectoryEnd = (
  world: Pick<World, 'notify'>,
  { record }: Pick<Owner, 'record'>,
): RunEnd | null => {
  if (!isDirectoryGone(record.cwd)) return null
  world.notify(formatError(errors.directoryGone(printable(record.cwd))))
  return {
    reason: 'failed',
    exitCode: EXIT_CODES.io,
    detail: `the directory ${printable(record.cwd)} is gone`,
  }
}
