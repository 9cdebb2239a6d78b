/**
 * tmux(1), through its command line.
 *
 * Targets are exact: pane ids (`%5`), or `=NAME:`; a bare name would match prefixes. Texts of the person reach
 * tmux only as single arguments that it does not expand: a command of several words is executed without a shell,
 * and the start directory is the client's own instead of `-c`, which would be expanded as a format.
 */
import { existsSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import { poll } from '../core/poll.ts'
import type { Clock, CommandOutcome, RunCommand } from '../core/ports.ts'
import type { TmuxTarget } from '../core/record.ts'

/** What tmux(1) is reached through. */
export type TmuxCaller = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly run: RunCommand
}

export type TmuxWorld = TmuxCaller & { readonly clock: Clock }

/** A tmux server that is stopped does not answer, and must not block its clients. A busy machine takes a second. */
const ANSWER_SECONDS = 5

/** Without it tmux gives `_` for every byte that is not ASCII, and for tabs, where the locale is not UTF-8, as under cron. */
export const UTF8 = '-u'

export const tmux = ({ run, env }: TmuxCaller, args: readonly string[]): Promise<CommandOutcome> =>
  run('tmux', [UTF8, ...args], { env, seconds: ANSWER_SECONDS })

/** Between the fields of a format: no name has one. */
export const SEPARATOR = '\t'

/** Of the server that the caller is in. */
const ownSocket = (env: TmuxCaller['env']): string | undefined => env.TMUX?.split(',')[0]

/** `terminal`: as `/dev/pts/5`. */
type NamedPane = { readonly target: TmuxTarget; readonly terminal: string }

/** The pane that `TMUX` and `TMUX_PANE` name, whoever has set them. `null` outside tmux, and when it does not answer. */
export const currentTarget = async (world: TmuxWorld): Promise<NamedPane | null> => {
  const socket = ownSocket(world.env)
  const pane = world.env.TMUX_PANE
  if (!socket || !pane || !/^%\d+$/.test(pane)) return null
  const { ok, stdout } = await tmux(world, [
    '-S',
    socket,
    'display-message',
    '-p',
    '-t',
    pane,
    ['#{pid}', '#{pane_tty}', '#{session_name}'].join(SEPARATOR),
  ])
  const [serverPid, terminal, session] = stdout.split(SEPARATOR)
  if (!ok || !session || !terminal) return null
  return { target: { socket, session, pane, server_pid: Number(serverPid) }, terminal }
}

export type PaneState = {
  readonly kind: 'live' | 'dead'
  /** Of a dead pane's program. */
  readonly exitCode: number | null
}

/** `null` when the pane is gone, tmux does not answer, or the server is another one since and only the pane's number is the same. */
export const paneState = async (target: TmuxTarget, world: TmuxWorld): Promise<PaneState | null> => {
  const { ok, stdout } = await tmux(world, [
    '-S',
    target.socket,
    'display-message',
    '-p',
    '-t',
    target.pane,
    '#{pane_id} #{pid} #{pane_dead} #{pane_dead_status}',
  ])
  const [pane, serverPid, dead, status] = stdout.trim().split(' ')
  // display-message answers for the server when the pane is not there.
  if (!ok || pane !== target.pane || Number(serverPid) !== target.server_pid) return null
  return dead === '1'
    ? { kind: 'dead', exitCode: status ? Number(status) : null }
    : { kind: 'live', exitCode: null }
}

/**
 * Makes the server collect what has ended.
 *
 * It can miss the end of a pane's program: while it removes the pane from the list of those who are logged in (utmp) it
 * ignores SIGCHLD, and that is when the program ends (seen with 3.3a, in every second run). The pane is dead then, its
 * status never comes, and it stays. The end of any other child lets the server collect them all.
 */
export const collectEnded = async (target: TmuxTarget, world: TmuxWorld): Promise<void> => {
  await tmux(world, ['-S', target.socket, 'run-shell', 'true'])
}

/** The second one is for a machine on which the caller needs more than the first to end. */
const LATER_SECONDS = [1, 10]

/** The same after the end of the caller, for the server that it is in. */
export const collectEndedLater = async (caller: TmuxCaller): Promise<void> => {
  const socket = ownSocket(caller.env)
  if (!socket) return
  const commands = LATER_SECONDS.flatMap((seconds) => [';', 'run-shell', '-b', `exec sleep ${seconds}`])
  await tmux(caller, ['-S', socket, ...commands.slice(1)])
}

/** A text that tmux expands as a format, and with strftime(3), to itself. */
const unexpanded = (text: string): string => text.replaceAll('#', '##').replaceAll('%', '%%')

const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The terminal that a descriptor leads to; `null` where that cannot be seen without a process. */
const terminalName = (fd: number): string | null => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return null
  }
}

/** Where the command behind `pipe-pane` leaves its pid. */
const pidFileOf = (fifo: string): string => `${fifo}.pid`

/** It starts two programs; without it nothing of the run is recorded, so a busy machine gets its time. */
const PIPE_START_SECONDS = 10

const pipeIsThere = async (fifo: string, clock: Clock): Promise<boolean> =>
  (await poll(clock, { seconds: PIPE_START_SECONDS, pauseSeconds: 0.002 }, () =>
    existsSync(pidFileOf(fifo)),
  )) !== null

/**
 * Sends what is printed in a pane to a FIFO too, through a cat(1) whose pid is left in `FIFO.pid`.
 *
 * It is there when this resolves: with the FIFO gone before, its shell would make a file of that name and fill it.
 *
 * @param terminal the descriptor that is to be the pane's: inside of script(1) and its kind it is not
 * @returns `taken` when the pane has another pipe
 */
export const pipePane = async (
  target: TmuxTarget,
  fifo: string,
  terminal: number,
  world: TmuxWorld,
): Promise<{ readonly kind: 'piped'; readonly tty: string } | { readonly kind: 'taken' | 'failed' }> => {
  const asked = await tmux(world, [
    '-S',
    target.socket,
    'display-message',
    '-p',
    '-t',
    target.pane,
    '#{pane_pipe} #{pane_tty}',
  ])
  const [isPiped, tty] = asked.stdout.trim().split(' ')
  const name = terminalName(terminal)
  if (!asked.ok || tty === undefined || (name !== null && name !== tty)) return { kind: 'failed' }
  if (isPiped !== '0') return { kind: 'taken' }
  const pid = shellWord(pidFileOf(fifo))
  const command = `exec >${shellWord(fifo)} && echo $$ >${pid}.new && mv ${pid}.new ${pid} && exec cat`
  const { ok } = await tmux(world, [
    '-S',
    target.socket,
    'pipe-pane',
    '-O',
    '-t',
    target.pane,
    unexpanded(command),
  ])
  if (!ok) return { kind: 'failed' }
  if (await pipeIsThere(fifo, world.clock)) return { kind: 'piped', tty }
  await tmux(world, ['-S', target.socket, 'pipe-pane', '-t', target.pane])
  return { kind: 'failed' }
}

/** Reverts {@link pipePane}, and removes the FIFO. Another pipe that the pane has got since stays. */
export const unpipePane = async (target: TmuxTarget, fifo: string, world: TmuxWorld): Promise<void> => {
  try {
    process.kill(Number(readFileSync(pidFileOf(fifo), 'utf8').trim()), 0)
    if ((await paneState(target, world)) !== null)
      await tmux(world, ['-S', target.socket, 'pipe-pane', '-t', target.pane])
  } catch {
    // It has ended, or never came to be.
  }
  for (const path of [fifo, pidFileOf(fifo)]) rmSync(path, { force: true })
}

/** The lines on a pane's screen, wrapped ones joined, and at most `history` above it; no empty ones at the end. */
export const captureScreen = async (
  target: TmuxTarget,
  world: TmuxWorld,
  history = 0,
): Promise<readonly string[]> => {
  const { ok, stdout } = await tmux(world, [
    '-S',
    target.socket,
    'capture-pane',
    '-p',
    '-J',
    '-t',
    target.pane,
    '-S',
    `-${history}`,
  ])
  const text = stdout.trimEnd()
  return ok && text !== '' ? text.split('\n').map((line) => line.trimEnd()) : []
}

/** The screen as it is, a line each, with its colours when they are wanted; no empty ones at the end. */
export const capturePaintedScreen = async (
  { socket, pane }: TmuxTarget,
  world: TmuxCaller,
  hasColours: boolean,
): Promise<readonly string[]> => {
  const colours = hasColours ? ['-e'] : []
  const { ok, stdout } = await tmux(world, ['-S', socket, 'capture-pane', '-p', ...colours, '-t', pane])
  const lines = ok ? stdout.split('\n') : []
  return lines.slice(0, lines.findLastIndex((line) => line.trim() !== '') + 1)
}

/** tmux reads a `;` at the end of an argument as the end of its command. */
export const literal = (word: string): string => (word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word)

export type PaneInput = {
  /** As `/dev/pts/5`. */
  readonly terminal: string
  /** What is typed in it is typed in others too. */
  readonly isSynchronized: boolean
}

/** Where a live pane takes its input from; `null` when it is not there, or is dead. */
export const paneInput = async (target: TmuxTarget, world: TmuxWorld): Promise<PaneInput | null> => {
  const state = await paneState(target, world)
  if (state?.kind !== 'live') return null
  const { ok, stdout } = await tmux(world, [
    ...['-S', target.socket, 'display-message', '-p', '-t', target.pane],
    `#{pane_tty}${SEPARATOR}#{pane_synchronized}`,
  ])
  const [terminal, synchronized] = stdout.trim().split(SEPARATOR)
  return ok && terminal ? { terminal, isSynchronized: synchronized === '1' } : null
}

/** tmux takes no message that is longer than 16 KB. */
const BUFFER_CHARACTERS = 2000

/**
 * Types a text as it is, whatever keys or options it looks like, also while somebody scrolls in the pane. Of several
 * lines it is a paste, for programs that tell these from keys.
 *
 * @returns whether tmux has taken it
 */
export const typeInto = async (
  { socket, pane }: TmuxTarget,
  text: string,
  world: TmuxWorld,
): Promise<boolean> => {
  const buffer = `session-lock-${process.pid}`
  const characters = [...text]
  for (let start = 0; start < characters.length; start += BUFFER_CHARACTERS) {
    const part = characters.slice(start, start + BUFFER_CHARACTERS).join('')
    const append = start === 0 ? [] : ['-a']
    const set = await tmux(world, ['-S', socket, 'set-buffer', ...append, '-b', buffer, '--', literal(part)])
    if (!set.ok) return false
  }
  const how = text.includes('\n') ? ['-p', '-r'] : ['-r']
  return (await tmux(world, ['-S', socket, 'paste-buffer', '-d', ...how, '-b', buffer, '-t', pane])).ok
}

/** Ends a pane, and with its last one the session. */
export const killPane = async (target: TmuxTarget, world: TmuxCaller): Promise<void> => {
  await tmux(world, ['-S', target.socket, 'kill-pane', '-t', target.pane])
}

/** Whether this process runs in the tmux server that the pane is on. */
export const isInServer = ({ socket }: TmuxTarget, { env }: Pick<TmuxCaller, 'env'>): boolean =>
  ownSocket(env) === socket

/** Makes a client show the pane. @returns whether tmux could */
export const switchClient = async (
  { socket, pane }: TmuxTarget,
  client: string,
  world: TmuxCaller,
): Promise<boolean> => (await tmux(world, ['-S', socket, 'switch-client', '-c', client, '-t', pane])).ok

/**
 * Shows the pane to the person: switches the client when it is inside the same server, attaches when not.
 *
 * @returns whether tmux could
 */
export const showPane = async (target: TmuxTarget, world: TmuxWorld): Promise<boolean> => {
  const { execa } = await import('execa')
  const { env } = world
  const inside = isInServer(target, world)
  const { TMUX: _outer, ...withoutTmux } = env
  const { exitCode, code } = await execa(
    'tmux',
    ['-S', target.socket, inside ? 'switch-client' : 'attach-session', '-t', target.pane],
    // A client of another server may be nested in this one; only within one server would it show itself.
    {
      stdio: 'inherit',
      reject: false,
      env: inside ? { ...env } : withoutTmux,
      extendEnv: false,
      cleanup: false,
    },
  )
  if (code === 'ENOENT') throw errors.noTmux('attach')
  return exitCode === 0
}

/** As `tmux 3.3a`; `null` where there is none. */
export const tmuxVersion = async (world: TmuxCaller): Promise<string | null> => {
  const { ok, stdout } = await tmux(world, ['-V'])
  return ok ? stdout.trim() : null
}

/** Before it panes have no options of their own. */
export const OLDEST_TMUX = '3.0'

/** Whether `--detach` cannot work with it. One that names no number, as `tmux master`, is new. */
export const isTooOld = (version: string): boolean => {
  const [major, minor] = OLDEST_TMUX.split('.').map(Number) as [number, number]
  const [, ofMajor, ofMinor] = /(\d+)\.(\d+)/.exec(version) ?? []
  if (ofMajor === undefined) return false
  return Number(ofMajor) < major || (Number(ofMajor) === major && Number(ofMinor) < minor)
}
