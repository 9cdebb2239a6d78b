/** What it costs to watch. */
import { readdirSync, readFileSync } from 'node:fs'
import { lockDir, median, recordOf, report, until, withSession } from './tools.mjs'

const privateKilobytes = (pid) =>
  [...readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].reduce(
    (sum, [, kilobytes]) => sum + Number(kilobytes),
    0,
  )

const hasChildren = (pid) =>
  readdirSync(`/proc/${pid}/task`).some(
    (task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8') !== '',
  )

export const refresher = async () => {
  const what = 'refresher after 20 beats, private memory'
  if (process.platform !== 'linux') return report(what, 'not measured here: needs /proc', '15 MB')
  const dir = lockDir()
  await withSession(
    dir,
    ['--heartbeat-interval', '0.2'],
    async ({ refresher: { pid }, heartbeat_monotonic: first }) => {
      let children = 0
      await until(() => {
        children += hasChildren(pid) ? 1 : 0
        return recordOf(dir, 's0')?.heartbeat_monotonic > first + 4
      })
      report(what, `${(privateKilobytes(pid) / 1024).toFixed(1)} MB`, '15 MB')
      report('processes that it was seen to start', String(children), '0')
    },
  )
}

const cpuSeconds = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) =>
      sum + Number.parseInt(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8'), 10) / 1e9,
    0,
  )

const BEATS = 60

/** Milliseconds of a processor for one beat, beside a tree of so many processes. */
const beatCost = async (processes) => {
  const dir = lockDir()
  const command = ['bash', '-c', `for ((i = 1; i < ${processes}; i++)); do sleep 1000 & done; wait`]
  const options = ['--heartbeat-interval', '0.1', '--stale-after', '5']
  const measure = async ({ refresher: { pid } }) => {
    const beats = () => recordOf(dir, 's0')?.watch?.beats ?? 0
    // V8 compiles what it sees often; that is not what a beat costs in the long run.
    await until(() => beats() > BEATS)
    const before = { cpu: cpuSeconds(pid), beats: beats() }
    await until(() => beats() >= before.beats + BEATS)
    return ((cpuSeconds(pid) - before.cpu) * 1000) / (beats() - before.beats)
  }
  return withSession(dir, options, measure, command)
}

const SMALL = 2
const LARGE = 22

export const sample = async () => {
  const what = 'processor time of a sample of 20 processes'
  if (process.platform !== 'linux') return report(what, 'not measured here: needs /proc', '3 ms')
  const costs = []
  for (let round = 0; round < 3; round += 1) costs.push([await beatCost(LARGE), await beatCost(SMALL)])
  // The difference is 20 processes; what is left is the write of the record and the timer.
  const difference = median(costs.map(([large, small]) => large - small))
  const bare = median(costs.map(([, small]) => small))
  report(what, `${difference.toFixed(1)} ms  (a beat without them: ${bare.toFixed(1)} ms)`, '3 ms')
}
