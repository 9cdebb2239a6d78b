/** Processor time of many sessions at rest, with the default intervals. */
import { goal } from '../numbers.mjs'
import { cpuSecondsOf, hasProc, helpersOf } from '../processes.mjs'
import { lockDir, sleep, startSession } from '../tools.mjs'

const SESSIONS = 50
/** V8 collects what the start has left, three times, in the first half minute of a process. */
const SETTLE_SECONDS = 30

/** In turn: to start many at once would only make each slower. */
export const startMany = async (kind, dir, names) => {
  const sessions = []
  for (const name of names) sessions.push(await startSession(kind, dir, name))
  return sessions
}

export const endMany = (sessions) => Promise.all(sessions.map(({ end }) => end()))

/** Per cent of one core. */
export const loadOf = async (owners, seconds) => {
  const before = cpuSecondsOf(helpersOf(owners))
  const started = performance.now()
  await sleep(seconds * 1000)
  return ((cpuSecondsOf(helpersOf(owners)) - before) / ((performance.now() - started) / 1000)) * 100
}

const measure = async (kind, { seconds, isShort }) => {
  const dir = lockDir()
  const names = Array.from({ length: SESSIONS }, (_, n) => `s${n}`)
  const sessions = await startMany(kind, dir, names)
  try {
    await sleep((isShort ? 5 : SETTLE_SECONDS) * 1000)
    return await loadOf(
      sessions.map(({ owner }) => owner),
      seconds,
    )
  } finally {
    await endMany(sessions)
  }
}

export const rest = async ({ isShort }) => {
  const title = `${SESSIONS} sessions at rest`
  if (!hasProc) return { title, skipped: 'it needs /proc' }
  const seconds = isShort ? 15 : 60
  const ours = await measure('ours', { seconds, isShort })
  const shell = await measure('shell', { seconds, isShort })
  return {
    title,
    tables: [
      {
        columns: ['', `of one core, over ${seconds} s`],
        lines: [
          ['this program', `${ours.toFixed(2)} %`],
          ['shell version', `${shell.toFixed(2)} %`],
        ],
      },
    ],
    goals: [goal(`${SESSIONS} sessions at rest`, ours, { most: 1 }, '% of a core')],
    remarks: ['Default intervals: a beat every 15 s. Measured from half a minute after the last start.'],
  }
}
