/** A world with a machine in memory and a lock directory of its own on the disk. */
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import type {
  Clock,
  CommandOutcome,
  RunCommand,
  StandardStream,
  StartProcess,
  StopSignalName,
  Terminal,
} from '../../src/core/ports.ts'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { LockTool } from '../../src/store/lock-tool.ts'
import { otherRuns } from '../../src/store/other-runs.ts'
import { sessionPaths } from '../../src/store/paths.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import type { Spawn, World } from '../../src/world.ts'
import { HELD } from './lock.ts'
import { FakeMachine } from './machine.ts'
import { aRecord, HERE } from './records.ts'
import { tempDir } from './temp-dir.ts'

/** A started process: the test writes to its streams and ends it with `emit('exit', code, signal)`. */
export class FakeChild extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  /** Its descriptor 3: the test writes what it reports. */
  readonly reports = new PassThrough()
  readonly stdio = [this.stdin, this.stdout, this.stderr, this.reports] as const
  readonly signals: (NodeJS.Signals | number)[] = []
  readonly pid: number
  readonly command: readonly string[]
  readonly options: Parameters<Spawn>[2]

  constructor(pid: number, command: readonly string[], options: Parameters<Spawn>[2]) {
    super()
    this.pid = pid
    this.command = command
    this.options = options
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    this.signals.push(signal)
    return true
  }

  unref(): void {}
}

export type FakeWorld = World & {
  readonly machine: FakeMachine
  readonly notified: readonly string[]
  /** What was started, in order. */
  readonly started: readonly FakeChild[]
  /** What was run to its end, in order. */
  readonly commands: readonly (readonly string[])[]
  /** The standard streams that lead to a terminal; none at first. */
  readonly terminals: Set<StandardStream>
  /** Sends this process a signal. */
  deliver(signal: StopSignalName): void
}

export type FakeParts = {
  readonly machine?: FakeMachine
  readonly lockDir?: string
  readonly lockTool?: LockTool
  /** Answers a command that is run to its end. */
  readonly answer?: (command: readonly string[]) => Partial<CommandOutcome>
  /** Starts a command. */
  readonly start?: StartProcess
}

const FIRST_CHILD = 9000

/** The lock tool is a real process and takes real time: a limit on waiting for it does not pass at once. */
export const besideRealProcesses = (clock: Clock): Clock => ({
  ...clock,
  async sleep(seconds, signal) {
    if (seconds < 1 || signal === undefined) return clock.sleep(seconds, signal)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  },
})

export const fakeWorld = (
  env: Readonly<Record<string, string>> = {},
  { machine = new FakeMachine(), lockDir = tempDir(), lockTool, answer, start }: FakeParts = {},
): FakeWorld => {
  const notified: string[] = []
  const clock = lockTool === undefined ? machine.clock : besideRealProcesses(machine.clock)
  const started: FakeChild[] = []
  const commands: (readonly string[])[] = []
  const terminals = new Set<StandardStream>()
  const signals = new EventEmitter()
  const terminal: Terminal = {
    isTerminal: (fd) => terminals.has(fd),
    size: () => (terminals.has(1) ? { columns: 80, rows: 24 } : null),
  }
  const run: RunCommand = async (command, args) => {
    commands.push([command, ...args])
    if (answer === undefined) throw new Error(`nobody runs ${command} here`)
    return { ok: true, stdout: '', stderr: '', missing: false, ...answer([command, ...args]) }
  }
  const spawn: Spawn = (command, args, options) => {
    const child = new FakeChild(FIRST_CHILD + started.length, [command, ...args], options)
    started.push(child)
    return child as unknown as ChildProcess
  }
  return {
    machine,
    notified,
    started,
    commands,
    terminals,
    deliver: (signal) => void signals.emit(signal),
    env: { LOCK_DIR: lockDir, ...env },
    cwd: '/',
    lockDir,
    clock,
    signal: machine.signal,
    probe: (pid) => (machine.hasProcess(pid) ? 'ours' : 'none'),
    inspector: { ...HERE, hasProcfs: true, ...machine.inspector },
    observer: HERE,
    get lockTool(): LockTool {
      if (lockTool === undefined) throw new Error('nobody locks here')
      return lockTool
    },
    user: 'ann',
    self: {
      serviceManager: null,
      pid: process.pid,
      execPath: '/usr/bin/node',
      ignoredSignals: [],
      openFiles: null,
      restoreLimits: async () => undefined,
      umask: () => 0o022,
      onSignal: (name, handler) => void signals.on(name, handler),
    },
    terminal,
    spawn,
    run,
    start: start ?? (([file]) => Promise.reject(new Error(`nobody starts ${file} here`))),
    now: () => ({ epoch: machine.clock.epoch(), monotonic: machine.clock.monotonic() }),
    paths: (session) => sessionPaths(lockDir, session),
    otherRuns: (session) => otherRuns(lockDir, HERE, session),
    notify: (line) => notified.push(line),
  }
}

/** A record whose owner has just beaten. */
export const putRecord = (world: FakeWorld, changes: Partial<RecordFields> = {}): LockRecord => {
  const { epoch, monotonic } = world.now()
  const record = aRecord({ heartbeat_epoch: epoch, heartbeat_monotonic: monotonic, ...changes })
  writeRecord(HELD, world.paths('demo').record, record, false)
  return record
}
