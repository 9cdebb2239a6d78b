/**
 * The failures that the program reports to its user, each with an exit code and a message.
 *
 * The codes follow sysexits.h(3) where it has one.
 */
import { shortReason } from './system-error.ts'

export const EXIT_CODES = {
  usage: 64,
  'bad-record': 65,
  missing: 69,
  'no-directory': 73,
  io: 74,
  held: 75,
  unsafe: 77,
  configuration: 78,
  superseded: 80,
  /** A loop that got nowhere. */
  nowhere: 81,
} as const

export type ErrorCode = keyof typeof EXIT_CODES

/** A failure with a message for people: what is wrong, and (`hint`) what to do next. */
export class LockError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  /** @param cause the error that it was made of */
  constructor(code: ErrorCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.name = 'LockError'
    this.code = code
    this.hint = hint
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}

/** With what to do, on a line of its own. */
export const formatError = ({ message, hint }: LockError): string =>
  hint === undefined ? message : `${message}\n  ${hint}`

export const errors = {
  usage: (message: string, hint?: string) => new LockError('usage', message, hint),

  badSessionName: (shown: string) =>
    new LockError(
      'usage',
      `${shown} is not a session name`,
      'A name has 1 to 64 letters, digits, "-" and "_", and begins with a letter or digit: nightly, api-2.',
    ),

  noCommand: (name: string) =>
    new LockError(
      'usage',
      `${name} has no unfinished run to continue, and no command was given`,
      `Give a command after "--":  engine.sh run ${name} -n 10 -- ./agent.sh --fast`,
    ),

  held: (message: string, hint?: string) => new LockError('held', message, hint),

  survivors: (
    session: string,
    generation: number,
    survivors: readonly { readonly pid: number; readonly name: string }[],
  ) =>
    new LockError(
      'held',
      `processes of run ${generation} of ${session} cannot be ended: ${survivors.map(({ pid, name }) => `pid ${pid} (${name})`).join(', ')}`,
      'They may belong to another user, or hang in the kernel; end them by hand, then try again.',
    ),

  newerRecord: (path: string, format: number) =>
    new LockError(
      'bad-record',
      `${path} was written by a newer version (format ${format})`,
      'Update tmux-session-lock; a newer record is never overwritten.',
    ),

  badRecord: (path: string, reason: string) =>
    new LockError('bad-record', `${path} cannot be used: ${reason}`, 'Check it: lock.sh doctor'),

  noLockTool: () =>
    new LockError(
      'missing',
      'neither flock(1) nor perl is installed; one of them is needed for the kernel lock',
      'Install util-linux (it has flock) or perl.',
    ),

  /** @param tools programs, all of those that are not here */
  noProcessTool: (tools: readonly string[]) =>
    new LockError(
      'missing',
      `${tools.join(' and ')} ${tools.length === 1 ? 'is' : 'are'} not in PATH, and processes are looked at with ps and sysctl here`,
      'Install procps, which has both: apt-get install procps, or the like. On Linux LOCK_PROCESS_STRATEGY=procfs does without.',
    ),

  lockToolFailed: (tool: string, status: string) =>
    new LockError('missing', `${tool} could not lock: ${status}`, 'Test the kernel lock: lock.sh doctor'),

  noTmux: (what: string) =>
    new LockError('missing', `${what} needs tmux, which is not in PATH`, 'Install tmux.'),

  oldTmux: (what: string, version: string, needed: string) =>
    new LockError(
      'missing',
      `${what} needs tmux ${needed} or newer, and this is ${version}`,
      'Install a newer tmux, or run without it inside a terminal that you have opened.',
    ),

  /** @param reason follows the path: `is not there` */
  noInput: (path: string, reason: string) =>
    new LockError(
      'missing',
      `--stdin: ${path} ${reason}`,
      'Make the file first; each iteration reads it from its start, as it is then.',
    ),

  noExclusivePath: (path: string, error: unknown) =>
    new LockError(
      'missing',
      `--exclusive: ${path} is not there or cannot be looked at (${shortReason(error)})`,
      'Make it first, or correct the path; a relative one starts at the working directory of the run.',
      error,
    ),

  noGit: () =>
    new LockError(
      'missing',
      '--max-unchanged looks at the git repository around the working directory, and there is no git in PATH',
      'Install git, or leave --max-unchanged out.',
    ),

  gitFailed: (reason: string) =>
    new LockError(
      'missing',
      `--max-unchanged looks at the git repository around the working directory, and git refuses: ${reason}`,
      'Mend that (git status has to work there), or leave --max-unchanged out.',
    ),

  /** @param option that needs the output */
  noRecording: (option: string) =>
    new LockError(
      'missing',
      `${option} looks at what the command prints, and here nobody can listen: the output goes to a terminal outside of tmux, or to a pane that has a pipe already`,
      'Run it in tmux (--detach), or with its output in a pipe or file.',
    ),

  directoryGone: (path: string) =>
    new LockError(
      'io',
      `${path} is gone, the directory of this run: no further iteration can start in it`,
      'Make it again or run from another directory.',
    ),

  noMemoryGroup: () =>
    new LockError(
      'missing',
      '--memory-max needs a control group with the memory controller, and none can be made here',
      'Run it as root, in a unit of systemd --user with Delegate=yes, or without --memory-max.',
    ),

  /** @param how what has happened to the file at the lock's path */
  lockLost: (path: string, how: 'removed' | 'replaced') =>
    new LockError(
      'io',
      `the lock file ${path} was ${how} while this run held it: the lock excludes nobody any more, and nothing is written without it`,
      'Look who removes files there (git clean -fdx, rm -rf), or set LOCK_DIR to another directory; then run it again.',
    ),

  /** @param client of tmux */
  otherServer: (session: string, client: string) =>
    new LockError(
      'missing',
      `${session} runs in another tmux server, which ${client} cannot show`,
      `In a terminal: lock.sh attach ${session}`,
    ),

  noTerminal: (what: string) =>
    new LockError('missing', `${what} needs a terminal as its standard input`, 'Run it in a terminal.'),

  noPane: (message: string, session: string) =>
    new LockError(
      'missing',
      `${message}; there is nothing to attach to`,
      `What is left: lock.sh why ${session}`,
    ),

  networkFileSystem: (dir: string, type: string) =>
    new LockError(
      'missing',
      `${dir} is on a network file system (${type}), where a kernel lock does not reach other machines reliably`,
      'Set LOCK_DIR to a directory on a local disk.',
    ),

  noDirectory: (dir: string, error: unknown) =>
    new LockError(
      'no-directory',
      `the lock directory ${dir} cannot be made or used (${shortReason(error)})`,
      'Make it writable, or set LOCK_DIR to a directory that is yours.',
      error,
    ),

  /** What was asked to be shown is not there (any more). */
  noOutput: (message: string, hint: string) => new LockError('missing', message, hint),

  notInWorker: () =>
    new LockError(
      'usage',
      'lock.sh progress and attention work only inside the command of a run: LOCK_SESSION, LOCK_GENERATION, LOCK_ITERATION, LOCK_DIR or LOCK_COOKIE is not set',
      'engine.sh run NAME -- COMMAND sets them; in COMMAND:  lock.sh progress --for 20m "building"',
    ),

  badSettings: (what: string) => new LockError('configuration', what, 'Nothing was changed.'),

  readOnlySettings: (path: string) =>
    new LockError('unsafe', `${path} may not be written`, 'It was left as it is.'),

  nothingToAnswer: (name: string, why: string) =>
    new LockError('missing', `${name} cannot be answered: ${why}`, `Details: lock.sh why ${name}`),

  notTheWorkers: (name: string, why: string, hint: string) =>
    new LockError('unsafe', `nothing was typed: ${why}`, hint === '' ? `lock.sh attach ${name}` : hint),

  runIsOver: (message: string) =>
    new LockError('missing', message, 'The note was not written: no refresher would read it.'),

  /** @param where `PATH`, `PATH:LINE` or `PATH:LINE: KEY.KEY` */
  configuration: (where: string, message: string, hint?: string) =>
    new LockError('configuration', `${where}: ${message}`, hint),

  superseded: (message: string, hint?: string) => new LockError('superseded', message, hint),

  ownerOfOther: (pid: number) =>
    new LockError(
      'unsafe',
      `pid ${pid} belongs to another user and may not be signalled`,
      'Ask its user to end it.',
    ),

  unsafe: (message: string, fix: string) => new LockError('unsafe', message, fix),

  noGuard: (path: string, error: unknown) =>
    new LockError(
      'missing',
      `the guard's program ${path} cannot be read (${shortReason(error)}), and no run starts without a guard`,
      'Build it again: npm run build',
    ),

  io: (what: string, error: unknown) =>
    new LockError('io', `${what} (${shortReason(error)})`, undefined, error),
}
