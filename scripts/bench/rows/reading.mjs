/** What is read back of a long run, against `status`. */
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { goal, ratioOf } from '../numbers.mjs'
import { interleaved, timeColumns, timeLines } from '../runner.mjs'
import { lock, lockDir } from '../tools.mjs'

const ITERATIONS = 10_000
const GIGABYTE = 1024 ** 3

const entry = (iteration) => ({
  kind: 'iteration',
  generation: 1,
  iteration,
  started_epoch: 1_800_000_000 + iteration * 60,
  duration: 30 + (iteration % 17),
  result: 'ok',
  exit_code: 0,
  signal: null,
  beats: 3,
  longest_quiet: 1.5,
  output_bytes: 12_345,
  output_lost: 0,
  left_running: 0,
  incident: null,
})

const makeOutput = (path) => {
  const block = Buffer.from(
    Array.from({ length: 20_000 }, (_, n) => `line ${n} of a job's output\n`).join(''),
  )
  const fd = openSync(path, 'w')
  for (let written = 0; written < GIGABYTE; written += block.length) writeSync(fd, block)
  closeSync(fd)
}

export const reading = ({ rounds }) => {
  const dir = lockDir()
  const run = join(dir, 's0', 'runs', '1')
  mkdirSync(run, { recursive: true, mode: 0o700 })
  makeOutput(join(run, '1.0.log'))
  const history = Array.from({ length: ITERATIONS }, (_, n) => `${JSON.stringify(entry(n + 1))}\n`).join('')
  writeFileSync(join(dir, 's0', 'history.jsonl'), history)
  const verb = (code, ...words) => ({ command: [lock, ...words], env: { LOCK_DIR: dir }, code })
  const results = interleaved(
    {
      'lock.sh status s0': verb(3, 'status', 's0'),
      'lock.sh history s0': verb(0, 'history', 's0'),
      'lock.sh history s0 --json': verb(0, 'history', 's0', '--json'),
      'lock.sh logs s0 -n 20': verb(0, 'logs', 's0', '-n', '20'),
    },
    rounds(20),
  )
  rmSync(run, { recursive: true })
  const ratio = (name) => ratioOf(results[name].wall, results['lock.sh status s0'].wall)
  return {
    title: 'History and output of a long run',
    tables: [{ columns: timeColumns('', 'status'), lines: timeLines(results, 'lock.sh status s0') }],
    goals: [
      goal(`history of ${ITERATIONS.toLocaleString('en')} iterations / status`, ratio('lock.sh history s0'), {
        most: 2,
      }),
      goal('the last 20 lines of 1 GB / status', ratio('lock.sh logs s0 -n 20'), { most: 2 }),
    ],
    remarks: [`${ITERATIONS.toLocaleString('en')} iterations, and 1 GB of output of one of them.`],
  }
}
