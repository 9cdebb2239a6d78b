import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newestIncident, pruneIncidents } from '../../src/store/incidents.ts'
import { sessionPaths } from '../../src/store/paths.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const withIncidents = (...names: readonly string[]) => {
  const paths = sessionPaths(tempDir(), 's')
  for (const name of names) {
    mkdirSync(join(paths.incidents, name), { recursive: true })
    writeFileSync(join(paths.incidents, name, 'record.json'), '{}')
  }
  return paths
}

const OLD = '20260101T000000-000Z-run-1-timeout'
const FORCED = '20260101T000001-000Z-run-1-force'
const LATER = '20260101T000002-000Z-run-1-timeout'
const LAST = '20260102T000000-000Z-run-2-timeout'

describe('the bundles of one kind', () => {
  it('are kept up to a number, the newest, and all others too', () => {
    const paths = withIncidents(LATER, OLD, FORCED, LAST)
    pruneIncidents(paths, 'timeout', 2)
    expect(readdirSync(paths.incidents).sort()).toEqual([FORCED, LATER, LAST])
    pruneIncidents(paths, 'timeout', 20)
    expect(readdirSync(paths.incidents).length).toBe(3)
    expect(newestIncident(paths)).toBe(join(paths.incidents, LAST))
  })
})
