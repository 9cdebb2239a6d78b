/** Puts the real world behind the ports. */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import { errors } from './core/errors.ts'
import type { Observer } from './core/identity.ts'
import type {
  Clock,
  ProbeProcess,
  ProcessInspector,
  RunCommand,
  Self,
  SendSignal,
  StartProcess,
  Terminal,
} from './core/ports.ts'
import type { ProcessReference } from './core/record.ts'
import type { Now } from './core/verdict.ts'
import { systemClock } from './process/clock.ts'
import { homeDirectory } from './process/home.ts'
import { systemInspector } from './process/inspector.ts'
import { runCommand } from './process/run-command.ts'
import { takeSelf } from './process/self.ts'
import { probe, sendSignal } from './process/signals.ts'
import { standardStreams } from './process/terminal.ts'
import { chooseLockTool, type LockTool } from './store/lock-tool.ts'
import { otherRuns } from './store/other-runs.ts'
import { lockDirOf, type SessionPaths, sessionPaths } from './store/paths.ts'

/** As of node:child_process. */
export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess

export type World = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly lockDir: string
  readonly clock: Clock
  readonly signal: SendSignal
  readonly probe: ProbeProcess
  readonly inspector: ProcessInspector
  readonly observer: Observer
  readonly lockTool: LockTool
  /** A descriptor of a session's lock file, inherited from a shell, that is to be locked instead of one of its own. */
  readonly lockDescriptor?: number
  readonly user: string
  readonly self: Self
  readonly terminal: Terminal
  readonly spawn: Spawn
  readonly start: StartProcess
  readonly run: RunCommand
  now(): Now
  paths(session: string): SessionPaths
  /** Owners and refreshers of the other sessions of the lock directory. */
  otherRuns(session: string): readonly ProcessReference[]
  /** Writes a line for the user, on stderr. */
  notify(line: string): void
}

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return String(process.geteuid?.() ?? '?') // A uid without an entry, as containers have.
  }
}

/** Loaded when the first process is started: `status` starts none. */
const starters: Pick<World, 'spawn' | 'run' | 'start'> = {
  spawn: (command, args, options) =>
    process.getBuiltinModule('node:child_process').spawn(command, args, options),
  run: runCommand,
  start: (...request) =>
    import('./process/start-process.ts').then(({ startProcess }) => startProcess(...request)),
}

export const realWorld = async (notify: (line: string) => void): Promise<World> => {
  const { env } = process
  const self = takeSelf(env)
  const lockDir = resolve(lockDirOf(env, homeDirectory))
  const inspector = await systemInspector(process.platform, env.LOCK_PROCESS_STRATEGY)
  const { startClock, startTolerance, bootId, pidNamespace } = inspector
  const observer = { startClock, startTolerance, bootId, pidNamespace, host: hostname() }
  let lockTool: LockTool | undefined
  return {
    // Copied: each look at a variable of process.env asks the system.
    env: { ...env },
    get cwd() {
      try {
        return process.cwd()
      } catch (error) {
        throw errors.io('the working directory is gone', error)
      }
    },
    lockDir,
    clock: systemClock,
    signal: sendSignal,
    probe,
    inspector,
    observer,
    get lockTool() {
      lockTool ??= chooseLockTool(process.platform, env.PATH ?? '', env.LOCK_FLOCK_STRATEGY)
      return lockTool
    },
    get user() {
      return userName()
    },
    self,
    terminal: standardStreams,
    ...starters,
    now: () => ({ epoch: systemClock.epoch(), monotonic: systemClock.monotonic() }),
    paths: (session) => sessionPaths(lockDir, session),
    otherRuns: (session) => otherRuns(lockDir, observer, session),
    notify,
  }
}
