/** What processes cost, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'

export const hasProc = process.platform === 'linux'

const TICKS_PER_SECOND = 100
const readOr = (path, missing) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return missing // It ended meanwhile.
  }
}

const statOf = (pid) => {
  const text = readOr(`/proc/${pid}/stat`, null)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

const words = (pid) => readOr(`/proc/${pid}/cmdline`, '').split('\0').slice(0, -1)

/** The worker of every session here, which belongs to none of the programs that are compared. */
const isWorker = (pid) => words(pid).join(' ') === 'sleep 1000'

/** These processes and all that descend from them. */
export const treeOf = (pids) => {
  const children = new Map()
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    const parent = Number(statOf(pid)?.[1] ?? 0)
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const below = (pid) => [pid, ...(children.get(pid) ?? []).flatMap(below)]
  return [...new Set(pids.flatMap(below))]
}

/** What a program itself has running: without its workers. */
export const helpersOf = (pids) => treeOf(pids).filter((pid) => !isWorker(pid))

/** Seconds of processors, with the children that have ended and were waited for. */
export const cpuSeconds = (pid) => {
  const stat = statOf(pid)
  if (stat === null) return 0
  const reaped = (Number(stat[13]) + Number(stat[14])) / TICKS_PER_SECOND
  // To the nanosecond; `stat` counts in hundredths, and a heartbeat takes less.
  const own = readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number.parseInt(readOr(`/proc/${pid}/task/${task}/schedstat`, '0'), 10) / 1e9,
    0,
  )
  return own + reaped
}

export const cpuSecondsOf = (pids) => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)

/** Megabytes that are its own, and its share of those that it has together with others. */
export const memoryOf = (pids) => {
  const sums = { own: 0, share: 0 }
  for (const pid of pids) {
    const text = readOr(`/proc/${pid}/smaps_rollup`, '')
    for (const [, kilobytes] of text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm))
      sums.own += Number(kilobytes) / 1024
    sums.share += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024
  }
  return sums
}

export const isAlive = (pid) => {
  const state = statOf(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}
