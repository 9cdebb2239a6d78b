/** `--keep` and `--keep-size`: removes the oldest output. The history stays. */
import { lstatSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parseSegmentName } from '../core/segments.ts'
import { hasCode, shortReason } from '../core/system-error.ts'
import { isOutputFile, listRuns } from './output.ts'
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

/** Of one run. */
export type Iteration = { readonly generation: number; readonly iteration: number }

/**
 * Removes the output of a run's iterations up to one. Only with the kernel lock held.
 *
 * @returns what could not be removed, in words
 */
export const pruneIterations = (
  paths: SessionPaths,
  { generation, iteration }: Iteration,
): readonly string[] => {
  const dir = paths.run(generation)
  try {
    for (const name of entriesOf(dir)) {
      const segment = parseSegmentName(name)
      if (segment !== null && segment.iteration <= iteration) unlinkSync(join(dir, name))
    }
    return []
  } catch (error) {
    return [`old output in ${dir} could not be removed (${shortReason(error)})`]
  }
}

type OutputFile = Iteration & { readonly path: string; readonly offset: number; readonly bytes: number }

const bytesOf = (path: string): number => {
  try {
    return lstatSync(path).size
  } catch {
    return 0 // Removed meanwhile.
  }
}

const outputFiles = (paths: SessionPaths): readonly OutputFile[] =>
  listRuns(paths).generations.flatMap((generation) => {
    const dir = paths.run(generation)
    return entriesOf(dir).flatMap((name) => {
      const segment = parseSegmentName(name)
      if (segment === null) return []
      const path = join(dir, name)
      return [{ generation, path, bytes: bytesOf(path), ...segment }]
    })
  })

/** The oldest first. */
const byAge = (a: OutputFile, b: OutputFile): number =>
  a.generation - b.generation || a.iteration - b.iteration || a.offset - b.offset

/** `bytes`: what is left. */
export type PrunedSize = { readonly bytes: number; readonly problems: readonly string[] }

/**
 * Removes the oldest output of all runs, in whole iterations, until no more than `limit` bytes are left. Only with the
 * kernel lock held. Never throws.
 *
 * @param current is never removed, whatever its size, and neither is what comes after it
 */
export const pruneToSize = (paths: SessionPaths, limit: number, current: Iteration): PrunedSize => {
  const problems: string[] = []
  let files: readonly OutputFile[]
  try {
    files = outputFiles(paths).toSorted(byAge)
  } catch (error) {
    return { bytes: 0, problems: [`old output could not be looked at (${shortReason(error)})`] }
  }
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  let begun: OutputFile | null = null
  for (const file of files) {
    const isOld =
      file.generation < current.generation ||
      (file.generation === current.generation && file.iteration < current.iteration)
    const isOfBegun = begun?.generation === file.generation && begun.iteration === file.iteration
    if (!isOld || (bytes <= limit && !isOfBegun)) break
    begun = file
    try {
      unlinkSync(file.path)
      bytes -= file.bytes
    } catch (error) {
      problems.push(`${file.path} could not be removed (${shortReason(error)})`)
    }
  }
  return { bytes, problems }
}
