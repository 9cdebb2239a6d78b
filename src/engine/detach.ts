/**
 * `run --detach`: the same run, in a new tmux session.
 *
 * Returns when the session is held by the engine in there, when that waits in line, or with that engine's error. A tmux session whose engine
 * never held the lock is removed again; one that fails later stays to be looked at.
 */
import { writeFileSync } from 'node:fs'
import { DETACHED_START } from '../core/detached-start.ts'
import { EXIT_CODES, errors } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import { poll } from '../core/poll.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import { fileStamp } from '../core/stamp.ts'
import { describeWant, ordinal } from '../core/ticket.ts'
import { ignoredWhenDetached } from '../process/ignored-signals.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { openSession, type Session } from '../session/session.ts'
import { type InLine, whoWaits } from '../session/who-waits.ts'
import { makeOwnDir, prepareLockDir } from '../store/lock-dir.ts'
import { removeStart, writeStart } from '../store/start-file.ts'
import { type DetachedStart, type MarkedPane, sessionPanes, startDetached } from '../tmux/detached-panes.ts'
import { captureScreen, collectEnded, killPane, type PaneState, paneState } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { describeWaiter } from './held-locks.ts'

const POLL_SECONDS = 0.03
const MAX_POLL_SECONDS = 0.5
/** After this long an engine that neither holds the session nor has ended is still waiting, or the machine is slow. */
const START_SECONDS = 60

/** Without an exit code by then, a signal has ended it. */
const EXIT_CODE_SECONDS = 2

const WHOLE_HISTORY = 100_000

/** Inside a worker the variables of its run are set. The new session is not part of that run. */
const withoutRunVariables = (world: World) =>
  Object.fromEntries(
    Object.entries(world.env).filter(
      ([name]) => !/^LOCK_(SESSION|GENERATION|ITERATIONS?|COOKIE|FAILURES|HOOK|LAST_\w+)$/.test(name),
    ),
  )

const saveScreen = async ({ world, paths }: Session, target: TmuxTarget): Promise<void> => {
  const dir = `${paths.home}/screens`
  makeOwnDir(paths.home)
  makeOwnDir(dir)
  const file = `${dir}/${fileStamp(world.clock.epoch())}-${target.pane.slice(1)}.txt`
  const lines = await captureScreen(target, world, WHOLE_HISTORY)
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  world.notify(`the screen of the run before is kept in ${file}`)
}

type PaneRun = { readonly command: readonly string[]; readonly force: boolean }
type PaneStart = { readonly command: readonly string[]; readonly as: 'session' | 'window' }

/** Text of dead panes is kept, and they go: failed runs have left them. @returns those that live */
const clearDeadPanes = async (session: Session): Promise<readonly MarkedPane[]> => {
  const { world, name } = session
  const living: MarkedPane[] = []
  for (const pane of await sessionPanes(name, world)) {
    if ((await paneState(pane.target, world))?.kind !== 'dead') {
      living.push(pane)
      continue
    }
    await saveScreen(session, pane.target)
    await killPane(pane.target, world)
  }
  return living
}

/** Another `run -d` of this name has made the tmux session a moment ago, and its engine is about to hold the session. */
const awaitOtherStart = async (session: Session): Promise<void> => {
  const timing = { seconds: START_SECONDS, pauseSeconds: POLL_SECONDS, longestPauseSeconds: MAX_POLL_SECONDS }
  const held = await poll(session.world.clock, timing, async () => {
    const snapshot = session.snapshot()
    if (snapshot.verdict.state === 'active' || snapshot.verdict.state === 'hung') return snapshot
    return (await clearDeadPanes(session)).length > 0 ? null : 'free'
  })
  if (held !== null && held !== 'free') throw heldError(held, [], session.world.now())
}

/**
 * Where the new pane goes. If something lives in a session of this name that this tool has put there, the new pane is
 * another window beside it.
 */
const chooseContainer = async (
  session: Session,
  last: LockRecord | null,
  { force }: PaneRun,
): Promise<'session' | 'window'> => {
  const { world, name } = session
  let panes = await clearDeadPanes(session)
  const isMarked = (): boolean => panes.some(({ mark }) => mark === world.lockDir)
  const isLast = ({ target }: MarkedPane): boolean =>
    last?.tmux?.session === name && last.tmux.server_pid === target.server_pid
  if (isMarked() && !force && !panes.some(isLast)) {
    await awaitOtherStart(session)
    panes = await clearDeadPanes(session)
  }
  const [first] = panes
  if (first === undefined) return 'session'
  if (isMarked() || isLast(first)) return 'window'
  throw errors.held(
    `there is a tmux session called ${name} already, which is not ours`,
    `Look: tmux attach -t =${name}:   Or run without --detach inside it.`,
  )
}

/** `[node, script, program]`, and the words behind them. */
const PROGRAM_WORDS = 3

/** The engine in the pane, started with a file that has the words and the environment of this one. */
const startPane = async (session: Session, { command, as }: PaneStart): Promise<DetachedStart> => {
  const { world, name, paths } = session
  const env = withoutRunVariables(world)
  const start = writeStart(paths, {
    words: command.slice(PROGRAM_WORDS),
    env: { ...env, LOCK_DIR: world.lockDir },
    umask: world.self.umask(),
    ignored: ignoredWhenDetached(world.self.ignoredSignals),
  })
  const detached = startDetached(
    {
      session: name,
      as,
      // Of the tmux server, whose environment may be of another day, as that of an editor's terminal.
      command: ['env', '-u', 'NODE_OPTIONS', ...command.slice(0, PROGRAM_WORDS), DETACHED_START, start],
      mark: world.lockDir,
      env,
      cwd: world.cwd,
      size: world.terminal.size(),
    },
    world.run,
  )
  const started = await detached.catch((error: unknown) => {
    removeStart(start)
    throw error
  })
  if (started.kind !== 'started') removeStart(start)
  return started
}

/** How often another `run -d` of the same name may come between the look at the tmux session and its start. */
const START_ATTEMPTS = 3

const openPane = async (session: Session, last: LockRecord | null, run: PaneRun): Promise<TmuxTarget> => {
  for (let attempt = 1; ; attempt += 1) {
    const as = await chooseContainer(session, last, run)
    const start = await startPane(session, { command: run.command, as })
    if (start.kind === 'started') return start.target
    if (start.kind === 'failed') throw errors.io(`tmux could not start the session: ${start.message}`, 'tmux')
    if (attempt === START_ATTEMPTS)
      throw errors.held(`there is a tmux session called ${session.name} already`, 'Try again.')
  }
}

/** Waits until the engine in the pane holds the session, waits in line, or has ended without. @returns `null` when the time is up */
const awaitHeld = (
  session: Session,
  target: TmuxTarget,
  { before, seconds, turn }: { readonly before: number; readonly seconds: number; turn(): InLine | null },
): Promise<'held' | 'ended' | InLine | null> => {
  const { world } = session
  const timing = { seconds, pauseSeconds: POLL_SECONDS, longestPauseSeconds: MAX_POLL_SECONDS }
  return poll<'held' | 'ended' | InLine>(world.clock, timing, async () => {
    const { record } = session.snapshot()
    if (record !== null && record.generation > before && record.tmux?.pane === target.pane) return 'held'
    return turn() ?? ((await paneState(target, world))?.kind === 'live' ? null : 'ended')
  })
}

/** The turn of the engine in this pane, while it waits. */
const inLineIn = (world: World, { pane, server_pid }: TmuxTarget): InLine | null =>
  whoWaits(world).find(
    ({ ticket: { tmux } }) => tmux !== null && tmux.pane === pane && tmux.server_pid === server_pid,
  ) ?? null

const describeTurn = (world: World, { ticket, turn, before }: InLine): string => {
  const what = printable(ticket.wants.map(describeWant).join(', '))
  const next = before === null ? '' : `, behind ${describeWaiter(before, world.now().epoch)}`
  return `${ordinal(turn)} in line for ${what}${next}`
}

/** A pane is dead when its terminal is closed; the exit code of what ran in it comes a moment later. */
const awaitExitCode = async (world: World, target: TmuxTarget): Promise<number | null> => {
  const timing = { seconds: EXIT_CODE_SECONDS, pauseSeconds: POLL_SECONDS }
  const settled = await poll<PaneState | 'gone'>(world.clock, timing, async () => {
    const state = await paneState(target, world)
    if (state?.kind !== 'dead') return state ?? 'gone'
    if (state.exitCode !== null) return state
    await collectEnded(target, world)
    return null
  })
  return settled === null || settled === 'gone' ? null : settled.exitCode
}

/** The engine in the pane has ended without the session: what it said is said here, and its pane goes. */
const reportFailure = async (world: World, target: TmuxTarget): Promise<number> => {
  const exitCode = await awaitExitCode(world, target)
  const screen = await captureScreen(target, world, WHOLE_HISTORY)
  // The last line is tmux's own: "Pane is dead".
  for (const line of screen.filter((text) => text !== '' && !text.startsWith('Pane is dead'))) {
    world.notify(printable(line.replace(/^engine: /, '')))
  }
  if (exitCode !== null) await killPane(target, world)
  return exitCode ?? EXIT_CODES.io
}

/** `waits`: 0, and its engine waits in line in its pane. */
export type DetachedOutcome = { readonly exitCode: number; readonly waits: boolean }

const RUNS: DetachedOutcome = { exitCode: 0, waits: false }
const WAITS: DetachedOutcome = { exitCode: 0, waits: true }

export type DetachedRun = { readonly name: string; readonly waits: boolean; readonly force: boolean }

/**
 * @param command the engine's own command line, without `--detach`
 * @returns exit code 0 when the session is held, or waited for as asked; else the engine's
 */
export const runDetached = async (
  world: World,
  { name, waits, force }: DetachedRun,
  command: readonly string[],
): Promise<DetachedOutcome> => {
  prepareLockDir(world.lockDir)
  const session = openSession(world, name)
  const snapshot = session.snapshot()
  const { record: last, verdict } = snapshot
  refuseOwnSession(world, last)
  // The engine in the pane would find the same; to say it here saves a pane.
  if (!waits && !force && (verdict.state === 'active' || verdict.state === 'hung'))
    throw heldError(snapshot, [], world.now())
  const target = await openPane(session, last, { command, force })
  // A takeover may have to wait for the grace of the owner, and of what it leaves.
  const seconds = START_SECONDS + (force ? 2 * (last?.options.grace ?? 0) : 0)
  const turn = (): InLine | null => (waits ? inLineIn(world, target) : null)
  const outcome = await awaitHeld(session, target, { before: last?.generation ?? 0, seconds, turn })
  if (outcome === 'ended') return { exitCode: await reportFailure(world, target), waits: false }
  if (outcome !== null && outcome !== 'held') {
    world.notify(
      `${name} waits in its own tmux session, ${describeTurn(world, outcome)}; see: tmux attach -t =${name}:`,
    )
    return WAITS
  }
  if (outcome === null && waits) {
    // It has neither ended nor got in line yet: a busy machine.
    world.notify(`${name} waits in its own tmux session; see: tmux attach -t =${name}:`)
    return WAITS
  }
  if (outcome === null) {
    throw errors.held(
      `${name} still tries to get the session, in its own tmux session`,
      `tmux attach -t =${name}:`,
    )
  }
  world.notify(`${name} runs in its own tmux session; see: lock.sh attach ${name}`)
  return RUNS
}
