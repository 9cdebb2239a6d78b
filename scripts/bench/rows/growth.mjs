/** How everything grows with the number of sessions that live, each with its own processes. */
import { median, short } from '../numbers.mjs'
import { hasProc, helpersOf, memoryOf } from '../processes.mjs'
import { interleaved } from '../runner.mjs'
import { engine, lock, lockDir, shellSession, sleep } from '../tools.mjs'
import { endMany, loadOf, startMany } from './rest.mjs'

const COMMANDS = {
  ours: { status: [lock, 'status'], run: [engine, 'run', 'one-more', '--', 'true'] },
  shell: { status: [shellSession, 'status'], run: [shellSession, 'run', 'one-more', '1', 'true'] },
}

const measure = async (kind, steps, rounds, seconds) => {
  const dir = lockDir()
  const env = { LOCK_DIR: dir }
  const sessions = []
  const lines = []
  try {
    for (const count of steps) {
      const names = Array.from({ length: count - sessions.length }, (_, n) => `s${sessions.length + n}`)
      sessions.push(...(await startMany(kind, dir, names)))
      await sleep(3000)
      const { status, run } = interleaved(
        { status: { command: COMMANDS[kind].status, env }, run: { command: COMMANDS[kind].run, env } },
        rounds,
      )
      const owners = sessions.map(({ owner }) => owner)
      lines.push([
        `${kind === 'ours' ? 'this program' : 'shell version'}, ${count}`,
        `${short(median(status.wall))} ms`,
        `${short(median(run.wall))} ms`,
        `${short(memoryOf(helpersOf(owners)).own / count)} MB`,
        `${((await loadOf(owners, seconds)) / count).toFixed(3)} %`,
      ])
    }
  } finally {
    await endMany(sessions)
  }
  return lines
}

export const growth = async ({ rounds, isShort }) => {
  const title = 'From 1 to 200 live sessions'
  if (!hasProc) return { title, skipped: 'it needs /proc' }
  const steps = isShort ? [1, 5] : [1, 50, 200]
  const seconds = isShort ? 5 : 30
  const lines = [
    ...(await measure('ours', steps, rounds(7), seconds)),
    ...(await measure('shell', steps, rounds(7), seconds)),
  ]
  return {
    title,
    tables: [
      {
        columns: [
          'sessions',
          'status of all',
          'run one more',
          'private memory, each',
          'of one core at rest, each',
        ],
        lines,
      },
    ],
    goals: [],
    remarks: [],
  }
}
