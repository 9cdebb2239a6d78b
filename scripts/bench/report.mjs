/** The tables, as text and as docs/BENCHMARKS.md. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { environment, root } from './tools.mjs'

const file = join(root, 'docs', 'BENCHMARKS.md')

const table = (columns, lines) => {
  const cells = [columns, ...lines].map((line) => line.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = columns.map((_, n) => Math.max(3, ...cells.map((line) => line[n].length)))
  const row = (line) => `| ${line.map((cell, n) => cell.padEnd(widths[n])).join(' | ')} |`
  return [
    row(cells[0]),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...cells.slice(1).map(row),
  ].join('\n')
}

const goalLine = ({ what, value, wanted, isMet }) => [what, value, wanted, isMet ? 'met' : '**missed**']

/** The section of one row, as Markdown. */
export const section = ({ title, tables = [], goals = [], remarks = [], skipped }) => {
  if (skipped !== undefined) return `## ${title}\n\nNot measured: ${skipped}.\n`
  const parts = tables.map(
    ({ title: name, columns, lines }) => (name ? `${name}:\n\n` : '') + table(columns, lines),
  )
  if (goals.length > 0) parts.push(table(['goal', 'measured', 'wanted', ''], goals.map(goalLine)))
  return [`## ${title}`, ...parts, ...remarks].join('\n\n').concat('\n')
}

const firstLine = (command, ...args) => {
  const { stdout, stderr, error } = spawnSync(command, args, { env: environment, encoding: 'utf8' })
  return error ? 'none' : (stdout || stderr).trim().split('\n')[0]
}

const machine = (nodes) => [
  `- ${type()} ${release()}, ${cpus().length} x ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GB`,
  `- Node ${nodes.map(({ version }) => version).join(', ')}; the first one where no other is named`,
  `- ${firstLine('bash', '--version')}; ${firstLine('jq', '--version')}; ${firstLine('tmux', '-V')}; ${firstLine('flock', '--version')}; ${firstLine('tee', '--version')}`,
]

const head = (nodes) => `# Benchmarks

What this program costs, side by side with what people use instead. Made by

    npm run bench -- --write

on one machine: the commands of a table run in turn, A B C A B C ..., so that a machine that slows down slows all of
them. A figure is the median, with the quarter of the rounds that were faster and slower in brackets. A ratio is the
median of the ratios of each round. The time includes the start of the program from bash, which takes 1 ms.

The *shell version* is ${'`scripts/bench/programs/session.sh`'}, which was written for this comparison: a loop with a
heartbeat and a JSON record, with jq, date, mv, sleep and ${'`kill -0`'}.

${machine(nodes).join('\n')}
`

const KEPT = '\n<!-- Written by hand from here on. -->\n'

const markOf = (name) => `<!-- ${name} -->`

/** Sections of an earlier file by the names of their rows. */
const sectionsOf = (text) =>
  new Map(
    text
      .split(/^(?=<!-- [a-z]+ -->$)/m)
      .slice(1)
      .map((part) => [/[a-z]+/.exec(part)[0], part.trimEnd()]),
  )

/**
 * Writes these sections, and keeps the others and what is written by hand.
 *
 * @param rows in the order of the document: `{ name, text }`, without `text` where a row was not measured now
 */
export const writeDocument = (rows, nodes) => {
  let old = ''
  try {
    old = readFileSync(file, 'utf8')
  } catch {
    // It is written for the first time.
  }
  const [generated, byHand = ''] = old.split(KEPT)
  const earlier = sectionsOf(generated)
  const day = new Date().toISOString().slice(0, 10)
  const sections = rows.flatMap(({ name, text }) => {
    if (text !== undefined) return [`${markOf(name)}\n${text.trimEnd()}\n\nMeasured on ${day}.`]
    const kept = earlier.get(name)
    return kept === undefined ? [] : [kept]
  })
  writeFileSync(file, `${head(nodes)}\n${sections.join('\n\n')}\n${byHand === '' ? '' : KEPT + byHand}`)
}
