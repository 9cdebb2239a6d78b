/**
 * What an owner and its guard tell each other, in lines of JSON.
 *
 * The first line on the guard's standard input is the {@link GuardConfig}; then come {@link OwnerMessage}s. The end of the
 * input without `end` means that the owner has died: the kernel closed its side. The guard answers on descriptor
 * {@link REPORT_FD} with {@link GuardMessage}s.
 *
 * | owner        | guard                                                                                            |
 * | ------------ | ------------------------------------------------------------------------------------------------ |
 * |              | `ready` once, when it can take messages                                                          |
 * | `watch`      | writes the record from now on: beats, and what it sees of the worker                             |
 * | `ping`       | counts as a sign that the owner is well; once in an interval, and the guard samples and beats    |
 * | `pause`      | writes no more, then answers `paused` with what it saw last; from here on the owner writes       |
 * | `end`        | closes the lock; ends when nobody can write output any more                                      |
 * | (input ends) | ends the worker, writes `ended: owner-died`, unlocks and exits                                   |
 *
 * The watchdog (engine/watchdog.ts) has the same configuration in a variable. It gets a line with the run's cookie, and then `end` or
 * `guard PID`, which a shell can read.
 */
import type { Notice } from '../core/notice.ts'
import type { LockRecord, ProcessReference, StallCause, TmuxTarget } from '../core/record.ts'
import type { RecorderConfig, RecorderReport } from '../recorder/protocol.ts'
import type { LockTool } from '../store/lock-tool.ts'

/** The terminal that the workers have, as it was before the first of them. */
export type SavedTerminal = {
  /** As `/dev/pts/5`. */
  readonly path: string
  /** In the form of stty(1). */
  readonly modes: string
  readonly pane: TmuxTarget | null
}

export type GuardConfig = {
  readonly lockDir: string
  readonly session: string
  readonly generation: number
  /** What leads to the worker when the record is gone or another run's: the record as it was when this was written, without the command. */
  readonly known: LockRecord
  readonly lockTool: LockTool
  /** LOCK_PROCESS_STRATEGY, when it was set. */
  readonly processStrategy: string | null
  readonly host: string
  /** To be put right when the owner has died. */
  readonly terminal: SavedTerminal | null
  readonly recording: RecorderConfig
  /** How many locks beside the session's it holds; their descriptors follow those of the streams. */
  readonly otherLocks: number
  /** A guard that has ended the worker hands on output that something else still writes. */
  readonly recordsOnly: boolean
}

/** What the guard has seen of the worker, for the owner's next write. */
export type Observed = Pick<LockRecord, 'members' | 'watch' | 'evidence' | 'output_lost'>

export type OwnerMessage =
  | { readonly kind: 'watch'; readonly record: LockRecord }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pause'; readonly id: number }
  | { readonly kind: 'end' }

export type GuardMessage =
  | { readonly kind: 'ready'; readonly reference: ProcessReference | null }
  /** `observed` is null when it was not watching. */
  | { readonly kind: 'paused'; readonly id: number; readonly observed: Observed | null }
  /** The worker is hung, as the rules of the heartbeat have it; `null`: it is not any more. */
  | { readonly kind: 'hung'; readonly iteration: number; readonly cause: StallCause | null }
  /** The lock file or the run's directory is not there any more. Once in a second for as long as it is so. */
  | { readonly kind: 'gone' }
  /** The command of `--notify` has failed; what is wrong with it is in the run's directory. */
  | { readonly kind: 'notify-failed' }
  | RecorderReport

export const REPORT_FD = 3
export const LOCK_FD = 4
/** The compiled guard, open: it can be started again after dist/ was moved, removed or built anew. */
export const SCRIPT_FD = 5
export const FIRST_STREAM_FD = 6

/** Of exclusive paths and places. Guard and watchdog have them, so that they are held until the worker has ended. */
export const otherLockFds = ({ recording, otherLocks }: GuardConfig): readonly number[] =>
  Array.from({ length: otherLocks }, (_, index) => FIRST_STREAM_FD + recording.streams.length + index)

/** The watchdog has its configuration in this variable; with it the script runs as a watchdog (orphan-mode.ts). */
export const WATCHDOG_CONFIG_VARIABLE = 'LOCK_WATCHDOG_CONFIG'
/** The PID of the guard that the watchdog was told of last; empty when it was told of none. */
export const WATCHDOG_GUARD_VARIABLE = 'LOCK_WATCHDOG_GUARD'

/** Runs the script behind {@link SCRIPT_FD}; read by position, because all who inherit the descriptor share its offset. */
export const LOADER =
  `const f=require("fs"),b=Buffer.alloc(f.fstatSync(${SCRIPT_FD}).size);f.readSync(${SCRIPT_FD},b,0,b.length,0);` +
  'new(require("module"))("guard")._compile(b.toString(),"guard.js")'

/** What a process that tells `--notify` of an event is given in {@link NOTICE_VARIABLE}. */
export type NoticeRequest = {
  /** For `sh -c`. */
  readonly command: string
  readonly notice: Notice
  readonly processStrategy: string | null
  /** Gets a line when the command fails. */
  readonly log: string
}

export const NOTICE_VARIABLE = 'LOCK_NOTICE'

/** How Node is started for a program that has its configuration in a variable, and talks to nobody. */
export type ProgramCall = {
  readonly args: string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdio: ('ignore' | number)[]
}

/** @param last the descriptors up to {@link SCRIPT_FD}; those before them are not there */
const programCall = (variable: string, config: unknown, last: readonly number[]): ProgramCall => ({
  args: ['-e', LOADER],
  env: { [variable]: JSON.stringify(config) },
  stdio: [...new Array<'ignore'>(SCRIPT_FD + 1 - last.length).fill('ignore'), ...last],
})

/** @param script the compiled guard, open */
export const notifierCall = (request: NoticeRequest, script: number): ProgramCall =>
  programCall(NOTICE_VARIABLE, request, [script])

/** The configuration of a sentinel (guard/sentinel.ts) comes in this variable. */
export const SENTINEL_VARIABLE = 'LOCK_SENTINEL'

/** @param lock of the session @param script the compiled guard, open */
export const sentinelCall = (config: GuardConfig, lock: number, script: number): ProgramCall =>
  programCall(SENTINEL_VARIABLE, config, [lock, script])

export const encodeLine = (value: GuardConfig | OwnerMessage | GuardMessage): string =>
  `${JSON.stringify(value)}\n`

/** @throws SyntaxError for what is no JSON */
export const parseLine = <Message>(line: string): Message => JSON.parse(line) as Message
