/** Memory of one session at rest: all processes but the worker. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed } from '../cache.mjs'
import { goal, median, withSpread } from '../numbers.mjs'
import { hasProc, helpersOf, memoryOf } from '../processes.mjs'
import { environment, lockDir, sleep, startSession, until } from '../tools.mjs'

/** Until what the start needed has been given back. */
const REST_MS = 5000

const ofSession = (kind) => async () => {
  const { owner, end } = await startSession(kind, lockDir(), 's0')
  return { pids: () => helpersOf([owner]), end }
}

const ofPm2 = (path) => async () => {
  const home = lockDir()
  const env = { ...environment, PM2_HOME: home, PM2_DISCRETE_MODE: 'true' }
  const pm2 = (...words) => spawnSync(process.execPath, [path, ...words], { env, stdio: 'ignore' })
  pm2('start', 'sleep', '--interpreter', 'none', '--', '1000')
  const daemon = Number(readFileSync(join(home, 'pm2.pid'), 'utf8'))
  return { pids: () => helpersOf([daemon]), end: async () => pm2('kill') }
}

const ofConcurrently = (path) => async () => {
  const owner = spawn(process.execPath, [path, 'sleep 1000'], { env: environment, stdio: 'ignore' })
  const ended = new Promise((resolve) => owner.on('exit', resolve))
  await until(() => helpersOf([owner.pid]).length > 0)
  const end = async () => {
    owner.kill('SIGTERM')
    await ended
  }
  return { pids: () => helpersOf([owner.pid]), end }
}

const measure = async (start, rounds) => {
  const found = []
  for (let round = 0; round < rounds; round += 1) {
    const { pids, end } = await start()
    try {
      await sleep(REST_MS)
      found.push({ ...memoryOf(pids()), processes: pids().length })
    } finally {
      await end()
    }
  }
  return found
}

const OTHERS = { pm2: ofPm2, concurrently: ofConcurrently }

export const memory = async ({ rounds }) => {
  const title = 'Memory of a session at rest'
  if (!hasProc) return { title, skipped: 'it needs /proc' }
  const remarks = ['All processes of the program but the worker (`sleep 1000`), 5 s after the start.']
  const line = (name, found) => [
    name,
    withSpread(
      found.map(({ own }) => own),
      'MB',
    ),
    withSpread(
      found.map(({ share }) => share),
      'MB',
    ),
    String(median(found.map(({ processes }) => processes))),
  ]
  const ours = await measure(ofSession('ours'), rounds(3))
  const lines = [
    line('this program', ours),
    line('shell version', await measure(ofSession('shell'), rounds(3))),
  ]
  for (const [name, start] of Object.entries(OTHERS)) {
    const { path, reason } = installed(name)
    if (path === null) remarks.push(`${name} was not measured: ${reason}.`)
    else lines.push(line(`${name} with one process`, await measure(start(path), rounds(3))))
  }
  remarks.push(
    'pm2 has one daemon for any number of processes; this program has its own processes for each session.',
  )
  return {
    title,
    tables: [{ columns: ['', 'private', 'proportional', 'processes'], lines }],
    goals: [goal('private memory of a session', median(ours.map(({ own }) => own)), { most: 20 }, 'MB')],
    remarks,
  }
}
