/** One beat, and the sample that it rests on. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { goal, median, short, withSpread } from '../numbers.mjs'
import { cpuSecondsOf, hasProc, treeOf } from '../processes.mjs'
import { isInstalled, lockDir, recordOf, sleep, startSession, until } from '../tools.mjs'

/** In a program that has run for a while: V8 compiles what it sees often. */
const WARM_UP = 60
const BEATS = 60

const KINDS = {
  ours: {
    options: ['--heartbeat-interval', '0.2', '--stale-after', '5'],
    env: {},
    beats: (record) => record?.watch?.beats ?? 0,
  },
  shell: { options: [], env: { INTERVAL: '0.2' }, beats: (record) => record?.beats ?? 0 },
}

const counter = (kind, dir) => () => KINDS[kind].beats(recordOf(dir, 's0'))

/** Milliseconds of a processor for each beat, of the refresher with all that it starts. */
const cpuOfBeat = async (refresher, count) => {
  const before = { cpu: cpuSecondsOf([refresher]), beats: count() }
  await until(() => count() >= before.beats + BEATS)
  return ((cpuSecondsOf([refresher]) - before.cpu) * 1000) / (count() - before.beats)
}

/** System calls and processes for each beat, as strace counts them. */
const callsOfBeat = async (refresher, count) => {
  const file = join(lockDir(), 'strace')
  const pids = treeOf([refresher]).flatMap((pid) => ['-p', String(pid)])
  const tracer = spawn('strace', ['-c', '-f', '-o', file, ...pids], { stdio: 'ignore' })
  const ended = new Promise((resolve) => tracer.on('exit', resolve))
  await sleep(1000)
  const first = count()
  const started = performance.now()
  await until(() => count() >= first + 20)
  tracer.kill('SIGINT')
  const beats = count() - first
  const seconds = (performance.now() - started) / 1000
  await ended
  // It counts from when it began, a little before the first of these beats.
  const share = beats * (seconds / (seconds + 1))
  const callsOf = (name) =>
    Number(
      new RegExp(`^\\s*[\\d.]+\\s+[\\d.]+\\s+\\d+\\s+(\\d+)\\s+.*\\b${name}$`, 'm').exec(
        readFileSync(file, 'utf8'),
      )?.[1] ?? 0,
    )
  const total = Number(/^\s*100\.00\s+[\d.]+\s+\d*\s+(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
  const all = share > 0 ? beats + beats / seconds : beats
  return { calls: total / all, processes: callsOf('execve') / all }
}

const measure = async (kind, rounds) => {
  const dir = lockDir()
  const { options, env } = KINDS[kind]
  const session = await startSession(kind, dir, 's0', { options, env })
  const count = counter(kind, dir)
  // The record may have named the guard before it had one.
  const refresher = () => {
    const found = recordOf(dir, 's0')?.refresher
    return typeof found === 'object' ? found?.pid : found
  }
  try {
    await until(() => count() > (kind === 'ours' ? WARM_UP : 0))
    const cpu = []
    for (let round = 0; round < rounds; round += 1) cpu.push(await cpuOfBeat(refresher(), count))
    return { cpu, ...(isInstalled('strace') ? await callsOfBeat(refresher(), count) : {}) }
  } finally {
    await session.end()
  }
}

export const beat = async ({ rounds }) => {
  if (!hasProc) return { title: 'One beat and one sample', skipped: 'it needs /proc' }
  const ours = await measure('ours', rounds(5))
  const shell = await measure('shell', rounds(3))
  const line = (name, { cpu, calls, processes }) => [
    name,
    withSpread(cpu, 'ms'),
    calls === undefined ? 'no strace here' : short(calls),
    processes === undefined ? 'no strace here' : short(processes),
  ]
  return {
    title: 'One beat and one sample',
    tables: [
      {
        columns: ['', 'processor time', 'system calls', 'processes started'],
        lines: [line('guard: sample and beat', ours), line('shell: beat without a sample', shell)],
      },
    ],
    goals: [
      goal('a beat / shell version, processor time', median(ours.cpu) / median(shell.cpu), { most: 0.02 }),
      ...(ours.processes === undefined
        ? []
        : [goal('processes started for a beat', ours.processes, { most: 0 }, '')]),
    ],
    remarks: [
      'Beats every 0.2 s, so that there are many. The guard looks at the worker for each; the loop of the shell version beats whatever the worker does.',
    ],
  }
}
