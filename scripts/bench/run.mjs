/** What it costs to run, and to keep what was printed. */
import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { compare, engine, environment, lock, lockDir, report, reportRatio, until } from './tools.mjs'

export const iteration = () => {
  const count = 200
  const dir = lockDir()
  const run = (n) => ({
    command: [engine, 'run', 's0', '-n', String(n), '--', 'true'],
    env: { LOCK_DIR: dir },
  })
  // One iteration has all of the start and the end; what 199 more cost is the loop's own.
  const loop = compare(run(count), run(1), 7)
  const bare = compare(
    { command: ['bash', '-c', `for ((i = 0; i < ${count}; i++)); do /bin/true; done`] },
    { command: ['bash', '-c', '/bin/true'] },
    7,
  )
  const each = ({ a, b }) => (a - b) / (count - 1)
  const cost = each(loop) - each(bare)
  report(
    'an iteration over the bare spawn',
    `${cost.toFixed(1)} ms  (${each(loop).toFixed(1)} - ${each(bare).toFixed(1)} ms)`,
    '10 ms',
  )
}

const GIGABYTE = 1024 ** 3

const makeFile = (path, bytes, block) => {
  const fd = openSync(path, 'w')
  for (let written = 0; written < bytes; written += block.length) writeSync(fd, block)
  closeSync(fd)
}

const lines = () =>
  Buffer.from(Array.from({ length: 20_000 }, (_, n) => `line ${n} of a job's output\n`).join(''))

/** The same bytes to a disk and to nowhere, from a file that is in memory by then. */
export const capture = () => {
  const dir = lockDir()
  const big = join(dir, 'big')
  makeFile(big, GIGABYTE, lines())
  // All of it kept, as tee does; by default the disk would have less to do.
  const run = ['run', 's0', '--log-limit', '4G', '--', 'cat', big]
  reportRatio(
    '1 GB of output kept / cat | tee file',
    compare(
      {
        command: ['bash', '-c', '"$0" "$@" >/dev/null; rm -r "$LOCK_DIR/s0"', engine, ...run],
        env: { LOCK_DIR: dir },
      },
      { command: ['bash', '-c', 'cat "$0" | tee "$1" >/dev/null; rm "$1"', big, join(dir, 'copy')] },
      7,
    ),
    '1.25 x',
  )
}

const residentMegabytes = (pid) =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

const recorderOf = (owner) => {
  for (const pid of readFileSync(`/proc/${owner}/task/${owner}/children`, 'utf8').split(' ').filter(Boolean))
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('session-lock guard')) return pid
  return null
}

/** The greatest amount of memory while much comes, over that while nothing does. */
export const captureMemory = async () => {
  const what = 'memory of the guard, which records, after 1 GB / at the start'
  if (process.platform !== 'linux') return report(what, 'not measured here: needs /proc', 'constant')
  const dir = lockDir()
  const command = ['bash', '-c', 'head -c 1M /dev/zero; read -r; head -c 1G /dev/zero; read -r']
  const owner = spawn(engine, ['run', 's0', '--', ...command], {
    env: { ...environment, LOCK_DIR: dir },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise((resolve) => owner.on('exit', resolve))
  const printed = () => {
    try {
      return Math.max(...readdirSync(join(dir, 's0/runs/1')).map((name) => Number(name.split('.')[1])))
    } catch {
      return -1
    }
  }
  const recorder = await until(() => printed() === 0 && recorderOf(owner.pid))
  const before = residentMegabytes(recorder)
  owner.stdin.write('\n')
  await until(() => printed() > 1.02 * GIGABYTE - 2 ** 25)
  const after = residentMegabytes(recorder)
  owner.stdin.end('\n')
  await ended
  report(
    what,
    `${(after / before).toFixed(2)} x  (${after.toFixed(0)} / ${before.toFixed(0)} MB)`,
    'constant',
  )
}

/** Against the time of `status` in the same directory. */
export const reading = () => {
  const dir = lockDir()
  const run = join(dir, 's0', 'runs', '1')
  mkdirSync(run, { recursive: true, mode: 0o700 })
  makeFile(join(run, '1.0.log'), GIGABYTE, lines())
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
  const history = Array.from({ length: 10_000 }, (_, n) => `${JSON.stringify(entry(n + 1))}\n`).join('')
  writeFileSync(join(dir, 's0', 'history.jsonl'), history)
  const status = { command: [lock, 'status', 's0'], env: { LOCK_DIR: dir } }
  const verb = (...words) => ({ command: [lock, ...words], env: { LOCK_DIR: dir } })
  reportRatio(
    'lock.sh history, 10,000 iterations / status',
    compare(verb('history', 's0'), status, 20),
    '2 x',
  )
  reportRatio(
    'lock.sh logs -n 20 of 1 GB / status',
    compare(verb('logs', 's0', '-n', '20'), status, 20),
    '2 x',
  )
  rmSync(run, { recursive: true })
}
