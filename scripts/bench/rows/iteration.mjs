/** What an iteration costs over the process that it is about. */
import { join } from 'node:path'
import { goal, median, ratioOf, times, withSpread } from '../numbers.mjs'
import { interleaved } from '../runner.mjs'
import { engine, lockDir, programs, shellSession } from '../tools.mjs'

const MANY = 500

/** Each with one iteration, which has all of the start and the end, and with many. */
const KINDS = {
  'engine.sh run -n': (n) => ({
    command: [engine, 'run', 's0', '-n', String(n), '--', '/bin/true'],
    env: { LOCK_DIR: lockDir() },
  }),
  'spawn in a Node program': (n) => ({
    command: [process.execPath, join(programs, 'spawn-loop.mjs'), String(n)],
  }),
  'bash loop': (n) => ({ command: ['bash', '-c', `for ((i = 0; i < ${n}; i++)); do /bin/true; done`] }),
  'shell version, its state with jq': (n) => ({
    command: [shellSession, 'run', 's0', String(n), '/bin/true'],
    env: { LOCK_DIR: lockDir() },
  }),
}

export const iteration = ({ rounds }) => {
  const commands = Object.entries(KINDS).flatMap(([name, kind]) => [
    [`${name} one`, kind(1)],
    [`${name} many`, kind(MANY)],
  ])
  const results = interleaved(Object.fromEntries(commands), rounds(3))
  const each = (name, what) =>
    results[`${name} many`][what].map(
      (all, round) => (all - results[`${name} one`][what][round]) / (MANY - 1),
    )
  const spawned = 'spawn in a Node program'
  const lines = Object.keys(KINDS).map((name) => [
    name,
    withSpread(each(name, 'wall'), 'ms'),
    withSpread(each(name, 'cpu'), 'ms'),
    times(median(each(name, 'wall')) / median(each(spawned, 'wall'))),
  ])
  return {
    title: 'An iteration',
    tables: [{ columns: [`${MANY} x /bin/true, each`, 'time', 'processor time', 'time / spawn'], lines }],
    goals: [
      goal('an iteration / a bare spawn', ratioOf(each('engine.sh run -n', 'wall'), each(spawned, 'wall')), {
        most: 1.5,
      }),
    ],
    remarks: [],
  }
}
