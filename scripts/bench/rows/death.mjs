/** From the SIGKILL of the owner to `dead`, and to the end of the last orphan. */
import { spawnSync } from 'node:child_process'
import { goal, median, withSpread } from '../numbers.mjs'
import { hasProc, isAlive, treeOf } from '../processes.mjs'
import { environment, lock, lockDir, shellSession, sleep, startSession, until } from '../tools.mjs'

const WORKER = ['bash', '-c', 'sleep 1000 & sleep 1000 & wait']
/** After this it is called never: nothing is there that would end them. */
const PATIENCE_MS = 10_000

/** How a state is asked for, and how the answer is read. */
const ASK = {
  ours: (dir) => spawnSync(lock, ['status', 's0'], { env: { ...environment, LOCK_DIR: dir } }).status === 1,
  shell: (dir) =>
    / dead /.test(
      spawnSync(shellSession, ['status', 's0'], { env: { ...environment, LOCK_DIR: dir }, encoding: 'utf8' })
        .stdout,
    ),
}

const begin = async (kind) => {
  const dir = lockDir()
  const session = await startSession(kind, dir, 's0', { command: WORKER })
  await until(() => treeOf([session.owner]).length > 4)
  // A moment after the start, as in most of a run's life.
  await sleep(1000)
  return { ...session, dir, tree: treeOf([session.owner]).filter((pid) => pid !== session.owner) }
}

const endAll = (pids) => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}

/** Milliseconds until the answer is `dead`, with the time that the asking takes. */
const untilDead = async (kind) => {
  const { owner, dir, tree, ended } = await begin(kind)
  const started = performance.now()
  process.kill(owner, 'SIGKILL')
  await until(() => ASK[kind](dir))
  const milliseconds = performance.now() - started
  await ended
  endAll(tree)
  return milliseconds
}

/** Milliseconds until nothing of the run is left; `null` when it stays. */
const untilNoOrphan = async (kind) => {
  const { owner, tree } = await begin(kind)
  const started = performance.now()
  process.kill(owner, 'SIGKILL')
  const left = () => tree.some(isAlive)
  await until(() => !left() || performance.now() - started > PATIENCE_MS, 1)
  const milliseconds = left() ? null : performance.now() - started
  endAll(tree)
  return milliseconds
}

const repeated = async (count, what) => {
  const found = []
  for (let n = 0; n < count; n += 1) found.push(await what())
  return found
}

export const death = async ({ rounds }) => {
  const title = 'From the SIGKILL of the owner'
  if (!hasProc) return { title, skipped: 'it needs /proc' }
  const dead = await repeated(rounds(10), () => untilDead('ours'))
  const orphans = await repeated(rounds(10), () => untilNoOrphan('ours'))
  const shellDead = await repeated(rounds(5), () => untilDead('shell'))
  const shellOrphans = await repeated(rounds(2), () => untilNoOrphan('shell'))
  const orphansOf = (found) =>
    found.includes(null) ? `never (alive after ${PATIENCE_MS / 1000} s)` : withSpread(found, 'ms')
  const lines = [
    ['this program', withSpread(dead, 'ms'), orphansOf(orphans)],
    ['shell version', withSpread(shellDead, 'ms'), orphansOf(shellOrphans)],
  ]
  return {
    title,
    tables: [
      { columns: ['', 'until a question is answered with `dead`', "until the last orphan's end"], lines },
    ],
    goals: [
      goal(
        'orphans gone',
        orphans.includes(null) ? Number.POSITIVE_INFINITY : Math.max(...orphans),
        { most: 1000 },
        'ms, the slowest',
      ),
      goal('dead seen', median(dead), { most: 1000 }, 'ms'),
    ],
    remarks: [
      'The first figure is the time that `status` itself takes: the first answer says it. The shell version says it too, with `kill -0`, until another process gets the PID. Its heartbeat goes on for ever.',
    ],
  }
}
