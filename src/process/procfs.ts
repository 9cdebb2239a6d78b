/** Processes as Linux shows them in /proc; see proc(5) for the fields. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { uptime } from 'node:os'
import type {
  Inspection,
  IoCounters,
  ProcessFacts,
  ProcessInspector,
  ProcessState,
  ProcessView,
} from '../core/ports.ts'
import { probe } from './signals.ts'

/** USER_HZ: what /proc counts in, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Positions in `stat` behind the command's name, which is the only field that may hold spaces and brackets. */
const STATE = 0
const PARENT = 1
const GROUP = 2
const TERMINAL = 4
const FOREGROUND_GROUP = 5
const REAPED_FAULTS = 8
const USER_TICKS = 11
const SYSTEM_TICKS = 12
const REAPED_USER_TICKS = 13
const REAPED_SYSTEM_TICKS = 14
const THREADS = 17
const STARTED = 19
const EXIT_SIGNAL = 35

/** Of a thread that does not lead its process: nobody is told when it ends. */
const NO_EXIT_SIGNAL = -1

type Stat = {
  readonly facts: ProcessFacts
  readonly cpuSeconds: number
  readonly threads: number
  /** /proc/TID answers for every thread, though only processes are listed. */
  readonly isThread: boolean
  readonly isForeground: boolean
  /** The device number of its controlling terminal, as proc(5) has it; 0 for none. */
  readonly terminal: number
  /** That its terminal listens to; -1 without a terminal. */
  readonly foregroundGroup: number
  readonly reapedFaults: number
  readonly reapedCpuSeconds: number
}

const stateOf = (letter: string, threads: number): ProcessState => {
  // A leader whose other threads still run shows as a zombie, and is not gone.
  if (letter === 'X' || letter === 'x' || (letter === 'Z' && threads <= 1)) return 'exited'
  return letter === 'T' || letter === 't' ? 'stopped' : 'running'
}

/** @param text the contents of /proc/PID/stat; `null` when it is not one. */
export const parseStat = (text: string): Stat | null => {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return null
  const fields = text.slice(close + 2).split(' ')
  const number = (index: number): number => Number(fields[index])
  const facts: ProcessFacts = {
    pid: Number(text.slice(0, open)),
    parent: number(PARENT),
    group: number(GROUP),
    started: number(STARTED),
    state: stateOf(fields[STATE] ?? '', number(THREADS)),
    name: text.slice(open + 1, close),
  }
  if (!Number.isInteger(facts.pid) || !Number.isInteger(facts.started)) return null
  return {
    facts,
    cpuSeconds: (number(USER_TICKS) + number(SYSTEM_TICKS)) / TICKS_PER_SECOND,
    threads: number(THREADS),
    isThread: number(EXIT_SIGNAL) === NO_EXIT_SIGNAL,
    terminal: number(TERMINAL),
    foregroundGroup: number(FOREGROUND_GROUP),
    isForeground: number(TERMINAL) !== 0 && number(FOREGROUND_GROUP) === facts.group,
    reapedFaults: number(REAPED_FAULTS),
    reapedCpuSeconds: (number(REAPED_USER_TICKS) + number(REAPED_SYSTEM_TICKS)) / TICKS_PER_SECOND,
  }
}

const buffer = Buffer.alloc(4096)

/** A whole file, quickest when it is small. A third cheaper than readFileSync, which asks for a size that /proc does not know. */
const readSmall = (path: string): string => {
  const fd = openSync(path, 'r')
  try {
    const length = readSync(fd, buffer, 0, buffer.length, 0)
    return length < buffer.length ? buffer.toString('utf8', 0, length) : readFileSync(path, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** `null` when the process is gone or hidden. */
export const readStat = (pid: number): Stat | null => {
  try {
    return parseStat(readSmall(`/proc/${pid}/stat`))
  } catch {
    return null
  }
}

const readWords = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\0')
      .filter((word) => word !== '')
  } catch {
    return []
  }
}

const listPids = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger)

/** A process of one thread, as most are, needs no list of its threads. */
const threadsOf = (pid: number, count: number): readonly (number | string)[] =>
  count === 1 ? [pid] : readdirSync(`/proc/${pid}/task`)

/** Every thread has children of its own. */
const listChildren = (pid: number, threads: number): readonly number[] => {
  try {
    return threadsOf(pid, threads).flatMap((task) =>
      readSmall(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return [] // Gone meanwhile, or a kernel without CONFIG_PROC_CHILDREN.
  }
}

/** Of all threads that live; `stat` counts in hundredths of a second, too coarse for a short sample. */
const threadSeconds = (pid: number, threads: number): number => {
  try {
    let nanoseconds = 0
    for (const task of threadsOf(pid, threads)) {
      nanoseconds += Number.parseInt(readSmall(`/proc/${pid}/task/${task}/schedstat`), 10) || 0
    }
    return nanoseconds / 1e9
  } catch {
    return 0 // Gone meanwhile, or a kernel without CONFIG_SCHED_INFO.
  }
}

const NO_IO: IoCounters = { read: 0, written: 0, reads: 0, writes: 0, fromStorage: 0, toStorage: 0 }

const IO =
  /^rchar: (\d+)\nwchar: (\d+)\nsyscr: (\d+)\nsyscw: (\d+)(?:\nread_bytes: (\d+)\nwrite_bytes: (\d+))?/

/** @param text the contents of /proc/PID/io or /proc/PID/task/TID/io */
export const parseIo = (text: string): IoCounters => {
  const counters = IO.exec(text)?.slice(1)
  if (counters === undefined) return NO_IO
  // The last two are missing where the kernel does not account for tasks.
  const [read = 0, written = 0, reads = 0, writes = 0, fromStorage = 0, toStorage = 0] = counters.map(
    (digits) => Number(digits ?? 0),
  )
  return { read, written, reads, writes, fromStorage, toStorage }
}

/** Nothing when it may not be read: another user's. */
const ioIn = (path: string): IoCounters => {
  try {
    return parseIo(readSmall(path))
  } catch {
    return NO_IO
  }
}

const add = (a: IoCounters, b: IoCounters): IoCounters => ({
  read: a.read + b.read,
  written: a.written + b.written,
  reads: a.reads + b.reads,
  writes: a.writes + b.writes,
  fromStorage: a.fromStorage + b.fromStorage,
  toStorage: a.toStorage + b.toStorage,
})

/** The kernel adds what a child that has ended moved to the process, and to no thread of it. */
const threadsIo = (pid: number, threads: number): IoCounters => {
  try {
    return threadsOf(pid, threads)
      .map((task) => ioIn(`/proc/${pid}/task/${task}/io`))
      .reduce(add, NO_IO)
  } catch {
    return NO_IO
  }
}

/** Threads that have ended are only in `stat`. */
const cpuSeconds = (pid: number, stat: Stat): number =>
  Math.max(stat.cpuSeconds, threadSeconds(pid, stat.threads))

const snapshot = (): ProcessView => {
  const stats = new Map<number, Stat | null>()
  const statOf = (pid: number): Stat | null => {
    const known = stats.get(pid)
    if (known !== undefined) return known
    const stat = readStat(pid)
    stats.set(pid, stat)
    return stat
  }
  return {
    inspect(pid): Inspection {
      const stat = statOf(pid)
      // With hidepid= /proc keeps other users' processes from us; a signal-0 probe still tells that they are there.
      if (stat === null) return { kind: probe(pid) === 'none' ? 'none' : 'hidden' }
      if (stat.isThread) return { kind: 'none' }
      return { kind: 'process', facts: stat.facts }
    },
    all: () =>
      listPids().flatMap((pid) => {
        const stat = readStat(pid)
        return stat === null ? [] : [stat.facts]
      }),
    environment: (pid) => readWords(`/proc/${pid}/environ`),
    children: (pid) => listChildren(pid, statOf(pid)?.threads ?? 1),
    commandLine: (pid) => readWords(`/proc/${pid}/cmdline`),
    cpuSeconds(pid) {
      const stat = statOf(pid)
      return stat === null ? null : cpuSeconds(pid, stat)
    },
    ageSeconds(pid) {
      const stat = statOf(pid)
      return stat === null ? null : Math.max(0, uptime() - stat.facts.started / TICKS_PER_SECOND)
    },
    counters(pid) {
      const stat = statOf(pid)
      if (stat === null) return null
      const { facts, isForeground, terminal, reapedFaults, reapedCpuSeconds } = stat
      const io = ioIn(`/proc/${pid}/io`)
      return {
        started: facts.started,
        isStopped: facts.state === 'stopped',
        isForeground,
        hasTerminal: terminal !== 0,
        reapedFaults,
        cpuSeconds: cpuSeconds(pid, stat),
        reapedCpuSeconds,
        // One file instead of one for each thread, for a process that has waited for no child yet.
        ownIo: reapedFaults === 0 ? io : threadsIo(pid, stat.threads),
        io,
      }
    },
  }
}

export const procfsInspector = (): ProcessInspector => ({
  startClock: 'boot-ticks',
  hasProcfs: true,
  startTolerance: 0,
  bootId: readSmall('/proc/sys/kernel/random/boot_id').trim(),
  pidNamespace: readlinkSync('/proc/self/ns/pid'),
  snapshot,
})
