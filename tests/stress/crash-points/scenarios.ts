/** What is hit, and in which state. */
import { writeFileSync } from 'node:fs'
import { inspect, sleep, until } from '../lib/machine.ts'
import { ITERATIONS, type Scenario, SESSION } from './trial.ts'

const nothing = async (): Promise<void> => undefined
const N = String(ITERATIONS)
const BROKEN = '{"format": 1, "sess'

/** Some beats: the calls of one are those of the next. */
const RECORDED_SECONDS = 0.7
const PATIENCE_SECONDS = 10

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'run',
    prepare: nothing,
    command: ['engine', 'run', SESSION, '-n', N, '--', '@section'],
    runs: true,
  },
  {
    name: 'run, with output past its limit',
    prepare: nothing,
    command: ['engine', 'run', SESSION, '-n', N, '--log-limit', '4096', '--', '@section'],
    runs: true,
    env: { STRESS_CHATTER: '1' },
  },
  {
    name: 'takeover',
    async prepare(bench) {
      await bench.startOwner()
      await bench.killOwnerAndRefresher()
    },
    command: ['engine', 'run', SESSION],
    runs: true,
  },
  {
    name: 'force',
    prepare: (bench) => bench.startOwner(),
    command: ['engine', 'run', SESSION, '--force', '--', '@section'],
    runs: true,
  },
  {
    name: 'reap',
    async prepare(bench) {
      await bench.startOwner()
      await bench.killOwnerAndRefresher()
    },
    command: ['lock', 'reap', SESSION],
    runs: false,
  },
  {
    name: 'stop',
    prepare: (bench) => bench.startOwner(),
    command: ['engine', 'stop', SESSION, '--after-iteration'],
    runs: false,
  },
  {
    name: 'run over a broken record',
    async prepare(bench) {
      writeFileSync(bench.recordPath, BROKEN, { mode: 0o600 })
    },
    command: ['engine', 'run', SESSION, '-n', N, '--', '@section'],
    runs: true,
    broken: BROKEN,
  },
  {
    name: 'beat',
    prepare: (bench) => bench.startOwner('--heartbeat-interval', '0.2'),
    command: 'refresher',
    async provoke(_bench, met) {
      if (met === null) await sleep(RECORDED_SECONDS * 1000)
      else await until(PATIENCE_SECONDS, met)
    },
    runs: false,
    ownerEndsWell: true,
  },
  {
    name: 'log rotation',
    prepare: (bench) => bench.startOwner('--log-limit', '4096'),
    command: 'recorder',
    async provoke(bench) {
      await bench.letOwnerEnd()
    },
    runs: false,
    ownerEndsWell: true,
    env: { STRESS_CHATTER: '1' },
  },
  {
    name: 'death of the owner',
    prepare: (bench) => bench.startOwner(),
    command: 'refresher',
    async provoke(bench) {
      const { pid } = bench.refresher
      await bench.killOwner()
      await bench.see('the refresher has ended', () => inspect(pid)?.runs !== true)
    },
    runs: false,
  },
]
