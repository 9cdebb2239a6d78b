/** `NAME/runs/N/`: one directory for each run, numbered by its generation. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { makeOwnDir } from './lock-dir.ts'
import type { SessionPaths } from './paths.ts'

/** 0 when there is none. Not by spreading: a session that a cron job runs every minute has 130,000 in a quarter. */
export const highestGeneration = (runs: string): number => {
  try {
    return readdirSync(runs).reduce(
      (highest, entry) => (/^[1-9]\d{0,14}$/.test(entry) ? Math.max(highest, Number(entry)) : highest),
      0,
    )
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0
    throw errors.io(`${runs} cannot be read`, error)
  }
}

/**
 * Takes the next generation and makes its directory.
 *
 * The directory is a second witness of the number: a record that was lost or moved aside does not start the
 * count again. Only with the kernel lock held.
 */
export const openRun = (paths: SessionPaths, lastGeneration: number): number => {
  makeOwnDir(paths.home)
  makeOwnDir(paths.runs)
  const generation = Math.max(lastGeneration, highestGeneration(paths.runs)) + 1
  try {
    mkdirSync(join(paths.runs, String(generation)), { mode: 0o700 })
  } catch (error) {
    throw errors.io(`the directory of run ${generation} cannot be made`, error)
  }
  return generation
}

/**
 * Makes the directory of a run that goes on again, when somebody has removed it. Only with the kernel lock held.
 *
 * @returns whether it was gone
 * @throws LockError when it cannot be made
 */
export const remakeRun = (paths: SessionPaths, generation: number): boolean => {
  if (existsSync(paths.run(generation))) return false
  for (const dir of [paths.home, paths.runs, paths.run(generation)]) makeOwnDir(dir)
  return true
}
