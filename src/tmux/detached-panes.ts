/** The pane of a detached run: its start, and how it is known again. */
import { errors } from '../core/errors.ts'
import type { RunCommand } from '../core/ports.ts'
import type { TmuxTarget } from '../core/record.ts'
import {
  isTooOld,
  killPane,
  literal,
  OLDEST_TMUX,
  SEPARATOR,
  type TmuxCaller,
  type TmuxWorld,
  tmux,
  tmuxVersion,
  UTF8,
} from './tmux.ts'

export type DetachedStart =
  | { readonly kind: 'started'; readonly target: TmuxTarget }
  | { readonly kind: 'name-taken' }
  | { readonly kind: 'failed'; readonly message: string }

export type DetachedCommand = {
  readonly session: string
  /** `window`: in the session of that name, which is there already. */
  readonly as: 'session' | 'window'
  readonly command: readonly string[]
  /** Tells the pane from one that a person has opened; see {@link sessionPanes}. */
  readonly mark: string
  readonly env: TmuxWorld['env']
  readonly cwd: string
  readonly size: { readonly columns: number; readonly rows: number } | null
}

/** The user option of a pane that holds {@link DetachedCommand.mark}. */
const MARK = '@lock_dir'

const TARGET_FORMAT = ['#{socket_path}', '#{pane_id}', '#{pid}', '#{session_name}'].join(SEPARATOR)

const parseTarget = (line: string): TmuxTarget | null => {
  const [socket, pane, serverPid, session] = line.split(SEPARATOR)
  return socket && pane && session ? { socket, pane, session, server_pid: Number(serverPid) } : null
}

/** Longer: giving up on a session that appears a moment later would leave it without an owner. */
const START_SECONDS = 60

/**
 * One message to the server, which refuses all of it when it does not know an option of one of the commands. A value that
 * it does not know ends the list at its command; so the only value that is newer than {@link OLDEST_TMUX} comes last.
 */
const startArguments = (start: DetachedCommand): readonly string[] => {
  const { session, size } = start
  const exact = `=${session}:`
  const where =
    start.as === 'window'
      ? ['new-window', '-t', exact]
      : [
          'new-session',
          '-d',
          '-s',
          session,
          ...(size === null ? [] : ['-x', `${size.columns}`, '-y', `${size.rows}`]),
        ]
  const keepEnded = [';', 'set-option', '-w', '-t', exact, 'remain-on-exit']
  return [
    ...[...where, '-P', '-F', TARGET_FORMAT, '--', ...start.command.map(literal)],
    ...[...keepEnded, 'on'],
    ...[';', 'set-option', '-p', '-t', exact, MARK, literal(start.mark)],
    // A person who wants that of sessions that he has left does not mean one that nobody was in yet.
    ...[';', 'set-option', '-t', exact, 'destroy-unattached', 'off'],
    ...[';', 'set-option', '-s', 'exit-unattached', 'off'],
    ...[...keepEnded, 'failed'],
  ]
}

/** What tmux says to the last command of the start before 3.2, when all others are carried out. */
const KNOWS_NO_FAILED = /value: failed$/

/** A pane of ours whose program has ended well. */
const ENDED_WELL = `#{&&:#{${MARK}},#{==:#{pane_dead_status},0}}`

/**
 * For a tmux that keeps all ended panes or none: removes the pane when its program ends well, or has done so already.
 *
 * @returns whether tmux has taken it
 */
const removeWhenEndedWell = async ({ socket, session, pane }: TmuxTarget, caller: TmuxCaller) => {
  const hook = ['set-hook', '-t', `=${session}:`, 'pane-died', `if-shell -F "${ENDED_WELL}" kill-pane`]
  const now = ['if-shell', '-F', '-t', pane, ENDED_WELL, `kill-pane -t ${pane}`]
  return (await tmux(caller, ['-S', socket, ...hook, ';', ...now])).ok
}

/**
 * Runs one command in a pane of its own, which stays to be looked at when that fails.
 *
 * What fails half-way leaves no pane behind.
 *
 * @throws LockError `missing` without a tmux, or with one that is too old
 */
export const startDetached = async (start: DetachedCommand, run: RunCommand): Promise<DetachedStart> => {
  const caller = { env: start.env, run }
  const { ok, stdout, stderr, missing } = await run('tmux', [UTF8, ...startArguments(start)], {
    env: start.env,
    cwd: start.cwd,
    seconds: START_SECONDS,
  })
  if (missing) throw errors.noTmux('--detach')
  const target = parseTarget(stdout.trim())
  if (target === null) return refused(stderr.trim(), caller)
  if (ok) return { kind: 'started', target }
  const message = stderr.trim()
  if (KNOWS_NO_FAILED.test(message) && (await removeWhenEndedWell(target, caller)))
    return { kind: 'started', target }
  await killPane(target, caller)
  return { kind: 'failed', message }
}

/** There is no pane. */
const refused = async (message: string, caller: TmuxCaller): Promise<DetachedStart> => {
  if (message.includes('duplicate session')) return { kind: 'name-taken' }
  const version = await tmuxVersion(caller)
  if (version !== null && isTooOld(version)) throw errors.oldTmux('--detach', version, OLDEST_TMUX)
  return { kind: 'failed', message }
}

export type MarkedPane = {
  readonly target: TmuxTarget
  /** Of the lock directory of the run that was detached into it; `''` for other panes. */
  readonly mark: string
}

/** The panes of a session by its exact name, on the server that `env` leads to. */
export const sessionPanes = async (name: string, world: TmuxWorld): Promise<readonly MarkedPane[]> => {
  const format = `#{${MARK}}${SEPARATOR}${TARGET_FORMAT}`
  const { ok, stdout } = await tmux(world, ['list-panes', '-s', '-t', `=${name}:`, '-F', format])
  if (!ok) return []
  return stdout.split('\n').flatMap((line) => {
    const [mark = '', ...rest] = line.split(SEPARATOR)
    const target = parseTarget(rest.join(SEPARATOR))
    return target === null ? [] : [{ target, mark }]
  })
}
