/** `NAME/incidents/`: bundles, named by time, run and kind. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionPaths } from './paths.ts'

/** Removes the oldest of one kind: a job that runs out of time every minute leaves a thousand in a night. */
export const pruneIncidents = ({ incidents }: SessionPaths, kind: string, keep: number): void => {
  const ofKind = readdirSync(incidents)
    .filter((name) => name.endsWith(`-${kind}`))
    .sort()
  for (const name of ofKind.slice(0, -keep)) rmSync(join(incidents, name), { recursive: true, force: true })
}

/** Its path; `null` when there is none. */
export const newestIncident = ({ incidents }: SessionPaths): string | null => {
  try {
    // The names begin with the time, so that they sort by it.
    const newest = readdirSync(incidents).sort().at(-1)
    return newest === undefined ? null : join(incidents, newest)
  } catch {
    return null
  }
}
