/** What it costs to keep what is printed. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { goal, median, ratioOf, short, times, withSpread } from '../numbers.mjs'
import { interleaved } from '../runner.mjs'
import { engine, isInstalled, lockDir } from '../tools.mjs'

const GIGABYTE = 1024 ** 3
const LINES = 500_000

const makeFile = (path, bytes) => {
  const block = Buffer.from(
    Array.from({ length: 20_000 }, (_, n) => `line ${n} of a job's output\n`).join(''),
  )
  const fd = openSync(path, 'w')
  for (let written = 0; written < bytes; written += block.length) writeSync(fd, block)
  closeSync(fd)
}

/** Each keeps all that the command prints in a file, and removes it. */
const KEEPERS = {
  // All of it kept, as the others do; by default the disk would have less to do.
  'engine.sh run': (command, dir) => ({
    command: [
      'bash',
      '-c',
      `"$0" run s0 --log-limit 4G -- sh -c '${command}' && rm -r "$LOCK_DIR/s0"`,
      engine,
    ],
    env: { LOCK_DIR: dir },
  }),
  tee: (command, dir) => ({
    command: ['bash', '-c', `sh -c '${command}' | tee "$0" && rm "$0"`, join(dir, 'tee')],
  }),
  script: (command, dir) => ({
    command: ['bash', '-c', `script -qc "sh -c '${command}'" "$0" && rm "$0"`, join(dir, 'script')],
  }),
}

const compare = (command, rounds) => {
  const dir = lockDir()
  const names = Object.keys(KEEPERS).filter((name) => name !== 'script' || isInstalled('script'))
  return interleaved(Object.fromEntries(names.map((name) => [name, KEEPERS[name](command, dir)])), rounds)
}

const linesOf = (results, amount, unit) =>
  Object.entries(results).map(([name, { wall, cpu }]) => [
    name,
    withSpread(
      wall.map((ms) => ms / 1000),
      's',
    ),
    withSpread(
      cpu.map((ms) => ms / 1000),
      's',
    ),
    `${short(amount / (median(wall) / 1000))} ${unit}`,
    times(ratioOf(results.tee.wall, wall)),
  ])

export const output = ({ rounds }) => {
  const big = join(lockDir(), 'big')
  makeFile(big, GIGABYTE)
  const bulk = compare(`cat ${big}`, rounds(5))
  const lines = compare(`stdbuf -oL seq 1000001 ${1_000_000 + LINES}`, rounds(5))
  const columns = ['', 'time', 'processor time', 'speed', "of tee's speed"]
  return {
    title: 'Output captured',
    tables: [
      { title: '1 GB, printed by cat', columns, lines: linesOf(bulk, 1024, 'MB/s') },
      {
        title: `${LINES.toLocaleString('en')} short lines, each written alone`,
        columns,
        lines: linesOf(lines, LINES / 1000, 'thousand lines/s'),
      },
    ],
    goals: [
      goal("1 GB: of tee's speed", ratioOf(bulk.tee.wall, bulk['engine.sh run'].wall), { least: 1 }),
      goal(
        'short lines',
        LINES / 1000 / (median(lines['engine.sh run'].wall) / 1000),
        { least: 100 },
        'thousand a second',
      ),
    ],
    remarks: [
      'With the whole start and end of each program. The time is spent by the printing command and the pipe as well.',
    ],
  }
}
