/** `--keep`: removes the output of the oldest runs. */
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode, shortReason } from '../core/system-error.ts'
import { isOutputFile } from './output.ts'
import type { SessionPaths } from './paths.ts'

/** `pruned`: the runs that lost something. `problems`: what could not be removed, in words. */
export type Pruned = { readonly pruned: readonly number[]; readonly problems: readonly string[] }

const entriesOf = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** The runs that an incident bundle names; see session/incident.ts. */
const runsWithIncidents = (incidents: string): ReadonlySet<number> =>
  new Set(
    entriesOf(incidents)
      .flatMap((entry) => /-run-([1-9]\d{0,14})-/.exec(entry)?.[1] ?? [])
      .map(Number),
  )

/** @returns whether there was anything to remove */
const removeOutput = (dir: string): boolean => {
  const files = entriesOf(dir).filter(isOutputFile)
  for (const file of files) rmSync(join(dir, file), { force: true })
  return files.length > 0
}

const removeRun = (dir: string): boolean => {
  // A symbolic link in its place is removed, not its target.
  rmSync(dir, { recursive: true, force: true })
  return true
}

/**
 * Keeps the newest `keep` runs and removes the directories of the others; of a run that an incident bundle names,
 * the output only, so that its notes stay beside the bundle.
 *
 * The directory with the highest number is never removed, because it is what the next generation is counted from.
 * Only with the kernel lock held, after the new run's directory was made, which counts as one of the `keep`. Never
 * throws: old output that stays is no reason not to run.
 */
export const pruneRuns = (paths: SessionPaths, keep: number): Pruned => {
  const pruned: number[] = []
  const problems: string[] = []
  try {
    const generations = entriesOf(paths.runs)
      .filter((entry) => /^[1-9]\d{0,14}$/.test(entry))
      .map(Number)
      .sort((a, b) => b - a)
    const old = generations.slice(Math.max(1, keep)).reverse()
    if (old.length === 0) return { pruned, problems }
    const named = runsWithIncidents(paths.incidents)
    for (const generation of old) {
      const dir = paths.run(generation)
      try {
        const keepsDirectory = named.has(generation) && lstatSync(dir).isDirectory()
        if (keepsDirectory ? removeOutput(dir) : removeRun(dir)) pruned.push(generation)
      } catch (error) {
        problems.push(`the output of run ${generation} could not be removed: ${dir} (${shortReason(error)})`)
      }
    }
  } catch (error) {
    problems.push(`old output could not be removed (${shortReason(error)})`)
  }
  return { pruned, problems }
}
