/**
 * What the rest of the program may ask of the outside world, as types only.
 *
 * `core/` decides with the facts that these give; `process/`, `store/` and `tmux/` provide them.
 */
import type { StartClock } from './record.ts'

export type Clock = {
  /** Unix seconds. */
  epoch(): number
  /** Seconds of the system's monotonic clock: comparable between processes of one boot, stands still in suspend. */
  monotonic(): number
  /** Resolves after `seconds`, or at once when `signal` is aborted; never rejects. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>
}

/** `running` includes sleeping; `stopped` is SIGSTOP or a debugger; `exited` waits for its parent (a zombie). */
export type ProcessState = 'running' | 'stopped' | 'exited'

export type ProcessFacts = {
  readonly pid: number
  readonly parent: number
  /** Process group id. */
  readonly group: number
  /** In the unit of the inspector's `startClock`. */
  readonly started: number
  readonly state: ProcessState
  /** The command's short name, as the kernel has it. */
  readonly name: string
}

/** `hidden`: it exists, and this user may not look at it. */
export type Inspection =
  | { readonly kind: 'process'; readonly facts: ProcessFacts }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'none' }

/** A snapshot of the processes of this machine; facts in it may be read lazily, and are not older than the snapshot. */
export type ProcessView = {
  inspect(pid: number): Inspection
  all(): readonly ProcessFacts[]
  /** Its environment, as `NAME=value` texts; empty when it may not be read. */
  environment(pid: number): readonly string[]
  /** Its children, where they can be listed without starting a process; else none. */
  children(pid: number): readonly number[]
  /** Its command line; empty when there is none. */
  commandLine(pid: number): readonly string[]
  /** Seconds on a processor since it started; `null` when that cannot be seen. */
  cpuSeconds(pid: number): number | null
  /** Seconds since it started; `null` when that cannot be seen. */
  ageSeconds(pid: number): number | null
  /** What it has done since it started; `null` when it is gone, or the system does not tell. */
  counters(pid: number): ProcessCounters | null
}

export type ProcessCounters = {
  readonly started: number
  readonly isStopped: boolean
  /** It may read from its terminal now. */
  readonly isForeground: boolean
  /** It has a controlling terminal, as a daemon has not. */
  readonly hasTerminal: boolean
  /** Grows whenever a child has ended and was waited for. */
  readonly reapedFaults: number
  readonly cpuSeconds: number
  /** Of children that were waited for. */
  readonly reapedCpuSeconds: number
  /** Of its threads. */
  readonly ownIo: IoCounters
  /** Its own, and that of children that were waited for. */
  readonly io: IoCounters
}

/** Bytes, and the calls that moved them. Sockets that are read with recv(2) count in neither. */
export type IoCounters = {
  readonly read: number
  readonly written: number
  readonly reads: number
  readonly writes: number
  /** Bytes that came from storage, and bytes that go there; also of files that are mapped into memory. */
  readonly fromStorage: number
  readonly toStorage: number
}

export type ProcessInspector = {
  readonly startClock: StartClock
  /** Whether the system shows processes as files: then a snapshot starts no process, and tells of open files. */
  readonly hasProcfs: boolean
  /** Two readings of one process's `started` may differ by this much. */
  readonly startTolerance: number
  readonly bootId: string
  /** `null` where the system has no PID namespaces. */
  readonly pidNamespace: string | null
  snapshot(): ProcessView
}

export type SignalName = 'SIGTERM' | 'SIGKILL' | 'SIGCONT' | 'SIGINT' | 'SIGSTOP' | 'SIGUSR2'

export type SignalOutcome = 'sent' | 'gone' | 'denied'

/** @param pid of a process, or of a process group with a minus before it */
export type SendSignal = (pid: number, signal: SignalName) => SignalOutcome

/** Signal 0. `not-ours`: it is there and belongs to somebody else. */
export type ProbeProcess = (pid: number) => 'ours' | 'not-ours' | 'none'

export type StopSignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR2'

/** A caller can have set it to be ignored: any but KILL and STOP. */
export type IgnorableSignal = `SIG${string}`

/** How systemd, or whatever plays its part, is told of a service; see sd_notify(3). */
export type ServiceManager = {
  /** A connected datagram socket that never blocks. */
  readonly fd: number
  /** It ends the service when it has heard nothing for so long; `null` when it does not. */
  readonly watchdogSeconds: number | null
}

/** This process itself. */
export type Self = {
  /** `null` when this is no service that is to tell. */
  readonly serviceManager: ServiceManager | null
  /** Were ignored when it was started, and are to stay so. */
  readonly ignoredSignals: readonly IgnorableSignal[]
  /** The soft limit of open files that a command is to get; `null` when it has it from this process. */
  readonly openFiles: number | null
  /** Gives this process the limits back that its caller had, so that a command has them from it. */
  restoreLimits(run: RunCommand): Promise<void>
  readonly pid: number
  /** The path of Node. */
  readonly execPath: string
  /** The file mode mask. */
  umask(): number
  /** Calls `handler` at each such signal, from now on and instead of ending. */
  onSignal(name: StopSignalName, handler: () => void): void
}

export type StandardStream = 0 | 1 | 2

/** Where this process's standard streams lead. */
export type Terminal = {
  /** A terminal of somebody else, as setsid(1) leaves it, is none: no Ctrl-C comes from it, and its modes are not ours. */
  isTerminal(fd: StandardStream): boolean
  /** Of the one at standard output; `null` when that is none. */
  size(): { readonly columns: number; readonly rows: number } | null
}

export type CommandOutcome = {
  /** It has ended, with exit code 0, in time. */
  readonly ok: boolean
  /** Without the newline at the end. */
  readonly stdout: string
  readonly stderr: string
  /** There is no such program. */
  readonly missing: boolean
}

/** Runs a command without a shell to its end, for at most `seconds`; its standard input is empty. Never rejects. */
export type RunCommand = (
  command: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly cwd?: string
    readonly seconds: number
  },
) => Promise<CommandOutcome>

/** A descriptor, or that of this process. */
export type WorkerStdio = readonly ['inherit' | number, 'inherit' | number, 'inherit' | number]

export type ProcessExit = { readonly exitCode: number | null; readonly signal: string | null }

export type ProcessStart =
  | { readonly kind: 'started'; readonly pid: number; readonly exit: Promise<ProcessExit> }
  /** `code` of the system; `null` when it did not come to the system. */
  | { readonly kind: 'failed'; readonly code: string | null; readonly message: string }

export type StartOptions = {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdio: WorkerStdio
  /** Makes it the leader of a session and process group of its own. */
  readonly detached: boolean
  /** The directory of a control group that it is to be born in. */
  readonly cgroup: string | null
  /** Another one, with its limit of memory, and where this process goes back to. */
  readonly memory: {
    readonly group: string
    readonly home: string | null
    readonly bytes: number | null
  } | null
}

/** Starts a command without a shell. Of the descriptors of this process it gets those in `stdio` only. Never rejects. */
export type StartProcess = (command: readonly string[], options: StartOptions) => Promise<ProcessStart>
