/**
 * What it costs, beside what people use instead.
 *
 * usage: npm run bench [-- [--short] [--write] [--node PATH]... [ROW...]]
 *
 * Prints the tables of these rows, or of all. --write puts them into docs/BENCHMARKS.md. --short: few rounds, to see
 * that a row works; what it prints is no measurement, and is not written. --node: another Node for `status`; those in
 * the cache (node-VERSION/bin/node) are found.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { nodes as findNodes } from './bench/cache.mjs'
import { section, writeDocument } from './bench/report.mjs'
import { beat } from './bench/rows/beat.mjs'
import { command } from './bench/rows/command.mjs'
import { death } from './bench/rows/death.mjs'
import { growth } from './bench/rows/growth.mjs'
import { iteration } from './bench/rows/iteration.mjs'
import { lock } from './bench/rows/lock.mjs'
import { memory } from './bench/rows/memory.mjs'
import { output } from './bench/rows/output.mjs'
import { reading } from './bench/rows/reading.mjs'
import { rest } from './bench/rows/rest.mjs'
import { status } from './bench/rows/status.mjs'
import { environment, lock as lockProgram, removeDirectories } from './bench/tools.mjs'

/** In the order of the document. */
const ROWS = { status, command, lock, beat, memory, iteration, output, death, rest, growth, reading }

const usage = (problem) => {
  console.error(`bench: ${problem}\nusage: npm run bench [-- [--short] [--write] [--node PATH]... [ROW...]]`)
  process.exit(64)
}

const { values, positionals } = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        short: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        node: { type: 'string', multiple: true, default: [] },
      },
    })
  } catch (error) {
    return usage(error.message)
  }
})()
const unknown = positionals.find((name) => !(name in ROWS))
if (unknown !== undefined) usage(`${unknown} is no row: ${Object.keys(ROWS).join(', ')}`)
if (values.short && values.write) usage('--short measures too little to be written')

const names =
  positionals.length > 0 ? Object.keys(ROWS).filter((name) => positionals.includes(name)) : Object.keys(ROWS)
const nodes = findNodes(values.node)
const context = {
  nodes,
  isShort: values.short,
  /** How often, out of so many rounds of a real measurement. */
  rounds: (count) => (values.short ? Math.min(count, 2) : count),
}

// Builds, where that has not been done.
spawnSync(lockProgram, ['--version'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
const found = new Map()
try {
  for (const name of names) {
    try {
      const result = await ROWS[name](context)
      found.set(name, { name, text: section(result) })
    } catch (error) {
      // The others are not lost with it.
      console.error(`bench: ${name}: ${error.stack}`)
      process.exitCode = 1
      continue
    }
    console.log(found.get(name).text)
  }
} finally {
  removeDirectories()
}
if (values.write)
  writeDocument(
    Object.keys(ROWS).map((name) => found.get(name) ?? { name }),
    nodes,
  )
