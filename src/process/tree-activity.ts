/**
 * What the processes of a tree have done since the last reading. Reads the tree's own entries in /proc, nothing else,
 * and starts no process; where there is no /proc, one ps(1) reports processor time and states, but no bytes.
 *
 * Not seen: bytes that come through recv(2) and its kind, which the kernel does not count in /proc/PID/io; see received.ts.
 */

import { Circulation } from '../core/circulation.ts'
import type { IoCounters, ProcessCounters, ProcessView } from '../core/ports.ts'
import type { ProcessReference } from '../core/record.ts'
import { type Sample, WAKE_UP_BYTES } from '../core/sample.ts'
import { descriptorTarget, openDescriptors } from './blocked-call.ts'
import { HiddenPrompts } from './hidden-prompt.ts'
import { areLinked } from './links.ts'
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

/**
 * Bytes that go from one thread to another and wake it up, once written and once read: at most so many, since every other
 * write has moved a byte at least. At 60 s an idle program moved 65 KB so.
 */
const wakeUpBytes = (from: IoCounters, to: IoCounters): number => {
  const writes = to.writes - from.writes
  const written = to.written - from.written
  const wakeUps = Math.min(to.reads - from.reads, writes, (written - writes) / (WAKE_UP_BYTES - 1))
  return Math.max(0, Math.min(to.read - from.read, written, WAKE_UP_BYTES * wakeUps))
}

const bytesOf = ({ read, written }: IoCounters): number => read + written

const sum = <T>(items: Iterable<T>, value: (item: T) => number): number => {
  let total = 0
  for (const item of items) total += value(item)
  return total
}

/** What a program reads while it is loaded, for each page of memory that it gets meanwhile; measured: 25 to 60. */
const LOADED_BYTES_PER_FAULT = 100

type Readings = ReadonlyMap<number, Reading>

/** What the processes of a tree have done between two readings. */
class Tally {
  lasting = 0
  readonly payload = { read: 0, written: 0, detached: 0 }
  /** By processes that were there at both readings. */
  readonly own = { read: 0, written: 0, calls: 0 }
  wakeUps = 0
  wakeUpsOfAll = 0
  all = 0
  allWritten = 0
  storage = 0
  toStorage = 0
  reapedFaults = 0
  cpuSeconds = 0
  processesChange = false
  /** Those that have moved anything, and those of them that have moved payload. */
  readonly moving: number[] = []
  readonly withPayload: number[] = []

  constructor(before: Readings | null, now: Readings, holdings: Holdings) {
    this.processesChange = before !== null && before.size !== now.size
    for (const reading of now.values()) {
      const known = before?.get(reading.pid)
      const last = known?.started === reading.started ? known : undefined
      if (last?.isSettled) this.#addOwn(last, reading, holdings)
      // What it did before the first reading does not count: nobody knows when it did that.
      this.#add(last ?? (before === null ? reading : undefined), reading)
    }
  }

  /** A thread that has ended takes its bytes with it. */
  #addOwn(last: Reading, { pid, ownIo, hasTerminal }: Reading, holdings: Holdings): void {
    this.lasting += Math.max(0, bytesOf(ownIo) - bytesOf(last.ownIo))
    this.own.read += Math.max(0, ownIo.read - last.ownIo.read)
    this.own.written += Math.max(0, ownIo.written - last.ownIo.written)
    this.own.calls += Math.max(0, ownIo.reads + ownIo.writes - last.ownIo.reads - last.ownIo.writes)
    this.wakeUps += wakeUpBytes(last.ownIo, ownIo)
    const { read, written } = payloadOf(pid, last.ownIo, ownIo, holdings)
    this.payload.read += read
    this.payload.written += written
    if (!hasTerminal) this.payload.detached += read + written
    if (bytesOf(ownIo) > bytesOf(last.ownIo)) this.moving.push(pid)
    if (read + written > 0) this.withPayload.push(pid)
  }

  #add(from: Reading | undefined, reading: Reading): void {
    const { io } = reading
    const reaped = from !== undefined && reading.reapedFaults > from.reapedFaults
    if (from === undefined || reaped) this.processesChange = true
    // By the counters that `all` is made of: the process goes on until its own are read.
    if (from !== undefined)
      this.wakeUpsOfAll += reaped ? wakeUpBytes(from.ownIo, reading.ownIo) : wakeUpBytes(from.io, io)
    this.allWritten += Math.max(0, io.written - (from?.io.written ?? 0))
    this.all += Math.max(0, bytesOf(io) - (from === undefined ? 0 : bytesOf(from.io)))
    this.toStorage += Math.max(0, io.toStorage - (from?.io.toStorage ?? 0))
    this.storage += Math.max(0, storageOf(io) - (from === undefined ? 0 : storageOf(from.io)))
    this.reapedFaults += reading.reapedFaults - (from?.reapedFaults ?? 0)
    this.cpuSeconds += Math.max(0, reading.cpuSeconds - (from?.cpuSeconds ?? 0))
    const reapedBefore = from?.reapedCpuSeconds ?? reading.reapedCpuSeconds
    this.cpuSeconds += Math.max(0, reading.reapedCpuSeconds - reapedBefore)
  }

  /** Of all bytes, those that processes have read while they were loaded that have ended meanwhile. */
  get loaded(): number {
    const readByOthers = Math.max(0, this.all - this.allWritten - this.own.read)
    return Math.min(readByOthers, LOADED_BYTES_PER_FAULT * this.reapedFaults)
  }

  /** Nothing has been written by a process that comes and goes, or into a file. */
  get staysInside(): boolean {
    return this.toStorage === 0 && this.allWritten <= this.own.written
  }
}

const storageOf = ({ fromStorage, toStorage }: IoCounters): number => fromStorage + toStorage

/** Whether payload only goes round among the processes that move it; looked up again after some readings. */
class OwnTalk {
  readonly #circulation = new Circulation()
  #known: { readonly pids: string; readonly answer: boolean; readings: number } | null = null

  isAll(tally: Tally): boolean {
    return this.#circulation.isEven(tally.own) && tally.staysInside && this.#areLinked(tally)
  }

  #areLinked({ withPayload, moving }: Tally): boolean {
    if (withPayload.length === 0 || moving.length < 2) return false
    const pids = `${withPayload.join(' ')} of ${moving.join(' ')}`
    if (this.#known === null || this.#known.pids !== pids || this.#known.readings >= HOLDINGS_READINGS) {
      this.#known = { pids, answer: areLinked(withPayload, moving), readings: 0 }
    }
    this.#known.readings += 1
    return this.#known.answer
  }
}

export const procfsActivity = (): ActivityReader => {
  let before: Readings | null = null
  const totals = { ioBytes: 0, cpuSeconds: 0 }
  const holdings = new Holdings()
  const ownTalk = new OwnTalk()
  const hiddenPrompts = new HiddenPrompts()
  return {
    isExpensive: false,
    listener() {
      const readings = [...(before?.values() ?? [])]
      const foreground = readings.flatMap(({ pid, isForeground }) => (isForeground ? [pid] : []))
      const listening = foreground.find(listensToTerminal)
      if (listening !== undefined)
        return `${processName(listening)} (pid ${listening}) listens to the terminal`
      const asking = hiddenPrompts.asking(
        foreground,
        readings.map(({ pid }) => pid),
      )
      return asking === null
        ? null
        : `${processName(asking)} (pid ${asking}) waits at the terminal, which does not show what is typed`
    },
    waitsFor: () => waitsFor([...(before?.keys() ?? [])]),
    read(tree, view) {
      const now = new Map<number, Reading>()
      for (const reference of tree) {
        const reading = readProcess(view, reference, before)
        if (reading !== null) now.set(reading.pid, reading)
      }
      holdings.nextReading()
      const tally = new Tally(before, now, holdings)
      const { payload, lasting, all, allWritten, loaded, storage, cpuSeconds, processesChange } = tally
      const { wakeUps, wakeUpsOfAll } = tally
      before = now
      totals.ioBytes += all
      totals.cpuSeconds += cpuSeconds
      return {
        io: {
          lasting: lasting - 2 * wakeUps,
          payload: payload.read + payload.written,
          payloadWritten: payload.written,
          payloadDetached: payload.detached,
          circulates: ownTalk.isAll(tally),
          all: Math.max(0, all - 2 * wakeUpsOfAll),
          allWritten: Math.max(0, allWritten - wakeUpsOfAll),
          loaded,
          storage,
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
  circulates: false,
  all: 0,
  allWritten: 0,
  loaded: 0,
  storage: 0,
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
