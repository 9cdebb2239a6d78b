/**
 * What the processes of a tree have done since the last reading. Reads the tree's own entries in /proc, nothing else,
 * and starts no process; where there is no /proc, one ps(1) reports processor time and states, but no bytes.
 *
 * Not seen: bytes that come through recv(2) and its kind, which the kernel does not count in /proc/PID/io; see received.ts.
 */
import type { IoCounters, ProcessCounters, ProcessView } from '../core/ports.ts'
import { type Sample, WAKE_UP_BYTES } from '../core/progress.ts'
import type { ProcessReference } from '../core/record.ts'
import { descriptorTarget, openDescriptors } from './blocked-call.ts'
import { listensToTerminal, readsTerminal } from './terminal-input.ts'
import { processName, waitsFor } from './waits-for.ts'

export type TreeActivity = Pick<Sample, 'io' | 'cpuSeconds' | 'processesChange' | 'blocked'> & {
  /** Since the start of the watch. */
  readonly totals: { readonly ioBytes: number; readonly cpuSeconds: number }
}

export type ActivityReader = {
  /** Starts a process for every reading: used only when nothing else has shown progress. */
  readonly isExpensive: boolean
  /** @param view a fresh snapshot */
  read(tree: readonly ProcessReference[], view: ProcessView): TreeActivity
  /** In words, which foreground process of the last reading listens to the terminal, if one does. Reads much: for when a stall is near. */
  listener(): string | null
  /** In words, what the processes of the last reading wait for; `null` when it cannot be told. Reads much, too. */
  waitsFor(): string | null
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

/** A descriptor through which a runtime is told of changes, or looks at itself: its reads are no work. */
const LOOKS_AT_SYSTEM = /^anon_inode:\[?inotify\]?$|^\/(?:proc|sys)\//
/** An inotify event, or a short file of /proc. */
const SYSTEM_READ_BYTES = 64
/** What a process has open seldom changes, and to list it costs more than all the rest. */
const HOLDINGS_READINGS = 20

const holdsSystemFile = (pid: number): boolean =>
  openDescriptors(pid).some((descriptor) => LOOKS_AT_SYSTEM.test(descriptorTarget(pid, descriptor)))

/** What a process holds open, looked up only where it makes a difference. */
class Holdings {
  readonly #known = new Map<number, { readonly answer: boolean; readonly until: number }>()
  #readings = 0

  nextReading(): void {
    this.#readings += 1
    for (const [pid, { until }] of this.#known) if (until < this.#readings) this.#known.delete(pid)
  }

  holdsSystemFile(pid: number): boolean {
    const known = this.#known.get(pid)
    if (known !== undefined) return known.answer
    const answer = holdsSystemFile(pid)
    this.#known.set(pid, { answer, until: this.#readings + HOLDINGS_READINGS })
    return answer
  }
}

const beyond = (bytes: number, calls: number, each: number): number => Math.max(0, bytes - each * calls)

type Payload = { readonly read: number; readonly written: number }

const payloadOf = (pid: number, from: IoCounters, to: IoCounters, holdings: Holdings): Payload => {
  const written = beyond(to.written - from.written, to.writes - from.writes, WAKE_UP_BYTES)
  const bytes = to.read - from.read
  const calls = to.reads - from.reads
  const read = beyond(bytes, calls, WAKE_UP_BYTES)
  const withoutSystem = beyond(bytes, calls, SYSTEM_READ_BYTES)
  const isAtIssue = read > 0 && withoutSystem === 0
  return { written, read: isAtIssue && holdings.holdsSystemFile(pid) ? withoutSystem : read }
}

const bytesOf = ({ read, written }: IoCounters): number => read + written

const sum = <T>(items: Iterable<T>, value: (item: T) => number): number => {
  let total = 0
  for (const item of items) total += value(item)
  return total
}

export const procfsActivity = (): ActivityReader => {
  let before: ReadonlyMap<number, Reading> | null = null
  const totals = { ioBytes: 0, cpuSeconds: 0 }
  const holdings = new Holdings()
  return {
    isExpensive: false,
    listener() {
      const found = [...(before?.values() ?? [])].find(
        ({ pid, isForeground }) => isForeground && listensToTerminal(pid),
      )
      return found === undefined
        ? null
        : `${processName(found.pid)} (pid ${found.pid}) listens to the terminal`
    },
    waitsFor: () => waitsFor([...(before?.keys() ?? [])]),
    read(tree, view) {
      const now = new Map<number, Reading>()
      for (const reference of tree) {
        const reading = readProcess(view, reference, before)
        if (reading !== null) now.set(reading.pid, reading)
      }
      holdings.nextReading()
      let lasting = 0
      const payload = { read: 0, written: 0, detached: 0 }
      let allWritten = 0
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
        if (last?.isSettled) {
          lasting += Math.max(0, bytesOf(reading.ownIo) - bytesOf(last.ownIo))
          const own = payloadOf(reading.pid, last.ownIo, reading.ownIo, holdings)
          payload.read += own.read
          payload.written += own.written
          if (!reading.hasTerminal) payload.detached += own.read + own.written
        }
        allWritten += Math.max(0, reading.io.written - (from?.io.written ?? 0))
        all += Math.max(0, bytesOf(reading.io) - (from === undefined ? 0 : bytesOf(from.io)))
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
        io: {
          lasting,
          payload: payload.read + payload.written,
          payloadWritten: payload.written,
          payloadDetached: payload.detached,
          all,
          allWritten,
        },
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
  return readings.some(({ pid, isForeground }) => isForeground && readsTerminal(pid))
    ? 'awaiting-input'
    : null
}

const NO_IO: Sample['io'] = {
  lasting: 0,
  payload: 0,
  payloadWritten: 0,
  payloadDetached: 0,
  all: 0,
  allWritten: 0,
}

/** For systems without /proc: descent, processor time and state, from one ps(1). */
export const psActivity = (): ActivityReader => {
  let before: ReadonlyMap<number, number> | null = null
  let total = 0
  return {
    isExpensive: true,
    listener: () => null,
    waitsFor: () => null,
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
        io: NO_IO,
        cpuSeconds,
        processesChange,
        blocked: stopped ? 'stopped' : null,
        totals: { ioBytes: 0, cpuSeconds: total },
      }
    },
  }
}
