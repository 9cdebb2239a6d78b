/**
 * What the processes of a tree have done since the last reading. Reads the tree's own entries in /proc, nothing else,
 * and starts no process; where there is no /proc, one ps(1) reports processor time and states, but no bytes.
 *
 * Not seen: bytes that come through recv(2) and its kind, which the kernel does not count in /proc/PID/io.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ProcessCounters, ProcessView } from '../core/ports.ts'
import type { Sample } from '../core/progress.ts'
import type { ProcessReference } from '../core/record.ts'

export type TreeActivity = Pick<Sample, 'io' | 'cpuSeconds' | 'processesChange' | 'blocked'> & {
  /** Since the start of the watch. */
  readonly totals: { readonly ioBytes: number; readonly cpuSeconds: number }
}

export type ActivityReader = {
  /** Starts a process for every reading: used only when nothing else has shown progress. */
  readonly isExpensive: boolean
  /** @param view a fresh snapshot */
  read(tree: readonly ProcessReference[], view: ProcessView): TreeActivity
}

/** `isSettled`: an earlier reading has found it, so it has read what a program reads when it starts. */
type Reading = ProcessCounters & { readonly pid: number; readonly isSettled: boolean }

const readProcess = (
  view: ProcessView,
  { pid, pid_started: started }: ProcessReference,
  before: ReadonlyMap<number, Reading> | null,
): Reading | null => {
  const counters = view.counters(pid)
  if (counters?.started !== started) return null
  const isSettled = before === null || before.get(pid)?.started === started
  return { pid, ...counters, isSettled }
}

/** In UTF-8, because Node then does it all in one call. */
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // Gone meanwhile, or not ours to read.
  }
}

/** Numbers of read(2) and readv(2) by architecture; on others only `wchan` is used. */
const READ_CALLS: Readonly<Record<string, readonly string[]>> = { x64: ['0', '19'], arm64: ['63', '65'] }

const link = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

const isTerminal = (pid: number, descriptor: number): boolean =>
  /^\/dev\/(pts\/\d+|tty\w*|console)$/.test(link(`/proc/${pid}/fd/${descriptor}`))

const hasSocket = (pid: number): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => link(`/proc/${pid}/fd/${fd}`).startsWith('socket:'))
  } catch {
    return true
  }
}

/**
 * Its main thread is blocked in a read of the terminal. A thread beside it may well be: that is a keyboard handler.
 *
 * `syscall` is for who may trace the process; without it `wchan` has to do, where a read of a socket looks the same.
 */
const awaitsInput = (pid: number): boolean => {
  const [call, descriptor] = read(`/proc/${pid}/syscall`).trim().split(' ')
  if (call) {
    return (
      READ_CALLS[process.arch]?.includes(call) === true &&
      isTerminal(pid, Number.parseInt(descriptor ?? '', 16))
    )
  }
  const channel = read(`/proc/${pid}/wchan`)
  return channel === 'n_tty_read' || (channel === 'wait_woken' && isTerminal(pid, 0) && !hasSocket(pid))
}

const sum = <T>(items: Iterable<T>, value: (item: T) => number): number => {
  let total = 0
  for (const item of items) total += value(item)
  return total
}

export const procfsActivity = (): ActivityReader => {
  let before: ReadonlyMap<number, Reading> | null = null
  const totals = { ioBytes: 0, cpuSeconds: 0 }
  return {
    isExpensive: false,
    read(tree, view) {
      const now = new Map<number, Reading>()
      for (const reference of tree) {
        const reading = readProcess(view, reference, before)
        if (reading !== null) now.set(reading.pid, reading)
      }
      let lasting = 0
      let all = 0
      let cpuSeconds = 0
      let processesChange = before !== null && before.size !== now.size
      for (const reading of now.values()) {
        const known = before?.get(reading.pid)
        const last = known?.started === reading.started ? known : undefined
        // What it did before the first reading does not count: nobody knows when it did that.
        const from = last ?? (before === null ? reading : undefined)
        const reaped = from !== undefined && reading.reapedFaults > from.reapedFaults
        if (from === undefined || reaped) processesChange = true
        // A thread that has ended takes its bytes with it.
        if (last?.isSettled) lasting += Math.max(0, reading.ownIoBytes - last.ownIoBytes)
        all += Math.max(0, reading.ioBytes - (from?.ioBytes ?? 0))
        cpuSeconds += Math.max(0, reading.cpuSeconds - (from?.cpuSeconds ?? 0))
        cpuSeconds += Math.max(
          0,
          reading.reapedCpuSeconds - (from?.reapedCpuSeconds ?? reading.reapedCpuSeconds),
        )
      }
      before = now
      totals.ioBytes += all
      totals.cpuSeconds += cpuSeconds
      return {
        io: { lasting, all },
        cpuSeconds,
        processesChange,
        blocked: blockedIn([...now.values()]),
        totals: { ...totals },
      }
    },
  }
}

const blockedIn = (readings: readonly Reading[]): Sample['blocked'] => {
  if (readings.some(({ isStopped }) => isStopped)) return 'stopped'
  return readings.some(({ pid, isForeground }) => isForeground && awaitsInput(pid)) ? 'awaiting-input' : null
}

/** For systems without /proc: descent, processor time and state, from one ps(1). */
export const psActivity = (): ActivityReader => {
  let before: ReadonlyMap<number, number> | null = null
  let total = 0
  return {
    isExpensive: true,
    read(tree, view) {
      const pids = new Set(tree.map(({ pid }) => pid))
      const all = view.all()
      for (let size = -1; size !== pids.size; ) {
        size = pids.size
        for (const { pid, parent } of all) if (pids.has(parent)) pids.add(pid)
      }
      const now = new Map([...pids].map((pid) => [pid, view.cpuSeconds(pid) ?? 0]))
      const cpuSeconds = sum(now, ([pid, seconds]) => Math.max(0, seconds - (before?.get(pid) ?? seconds)))
      const processesChange =
        before !== null && [...now.keys(), ...before.keys()].some((pid) => now.has(pid) !== before?.has(pid))
      before = now
      total += cpuSeconds
      const stopped = all.some(({ pid, state }) => pids.has(pid) && state === 'stopped')
      return {
        io: { lasting: 0, all: 0 },
        cpuSeconds,
        processesChange,
        blocked: stopped ? 'stopped' : null,
        totals: { ioBytes: 0, cpuSeconds: total },
      }
    },
  }
}
