/**
 * What it costs, as ratios.
 *
 * usage: npm run bench [-- NAME...]
 */
import { spawnSync } from 'node:child_process'
import { refresher, sample } from './bench/refresher.mjs'
import { capture, captureMemory, iteration, reading } from './bench/run.mjs'
import { status, thousand } from './bench/status.mjs'
import { environment, lock, printTable, removeDirectories } from './bench/tools.mjs'

const MEASURES = { status, thousand, refresher, sample, iteration, reading, capture, captureMemory }

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MEASURES)
const unknown = names.find((name) => !(name in MEASURES))
if (unknown !== undefined) {
  console.error(`${unknown} is no measure: ${Object.keys(MEASURES).join(', ')}`)
  process.exit(64)
}

// Builds, where that has not been done.
spawnSync(lock, ['--version'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
try {
  for (const name of names) await MEASURES[name]()
} finally {
  removeDirectories()
}
printTable()
