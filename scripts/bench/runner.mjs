/** Commands in turn, A B C A B C ...: a machine that slows down slows all of them. */
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ratioOf, times, withSpread } from './numbers.mjs'
import { environment, programs } from './tools.mjs'

/** One run, in milliseconds: on the clock, and of processors, with all that it has started. */
const runOnce = ({ command, env, code: expected = 0 }) => {
  const { stdout, error } = spawnSync('perl', [join(programs, 'measure.pl'), ...command], {
    env: { ...environment, ...env },
    // Outside of a git repository, where a run would also look for changes.
    cwd: tmpdir(),
    encoding: 'utf8',
  })
  if (error) throw error
  const { wall, cpu, code } = JSON.parse(stdout)
  if (code !== expected) throw new Error(`${command.join(' ')} ended with ${code}`)
  return { wall: wall * 1000, cpu: cpu * 1000 }
}

/**
 * @param commands by name, each `{ command, env, code }`
 * @returns by name the milliseconds of each round, `{ wall: [...], cpu: [...] }`
 */
export const interleaved = (commands, rounds) => {
  const entries = Object.entries(commands)
  // The first time files are read from the disk, and code is compiled and kept.
  for (const [, command] of entries) runOnce(command)
  const results = Object.fromEntries(entries.map(([name]) => [name, { wall: [], cpu: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of entries) {
      const { wall, cpu } = runOnce(command)
      results[name].wall.push(wall)
      results[name].cpu.push(cpu)
    }
  }
  return results
}

/** A line for each: wall and processor time, and both as a ratio to the one that is named. */
export const timeLines = (results, base) =>
  Object.entries(results).map(([name, { wall, cpu }]) => [
    name,
    withSpread(wall, 'ms'),
    withSpread(cpu, 'ms'),
    times(ratioOf(wall, results[base].wall)),
    times(ratioOf(cpu, results[base].cpu)),
  ])

export const timeColumns = (what, base) => [
  what,
  'time',
  'processor time',
  `time / ${base}`,
  `processor / ${base}`,
]
