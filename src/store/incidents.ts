/** `NAME/incidents/`: bundles, named by time, run and kind. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionPaths } from './paths.ts'

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
