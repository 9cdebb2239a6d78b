/**
 * `run --detach`: the same run, in a new tmux session.
 *
 * Returns when the session is held by the engine in there, or with that engine's error. A tmux session whose engine
 * never held the lock is removed again; one that fails later stays to be looked at.
 */
import { writeFileSync } from 'node:fs'
import { EXIT_CODES, errors } from '../core/errors.ts'
import { heldError } from '../core/held.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { openSession } from '../session/session.ts'
import { makeOwnDir, prepareLockDir } from '../store/lock-dir.ts'
import {
  captureScreen,
  collectEnded,
  killPane,
  paneState,
  sessionPanes,
  startDetached,
} from '../tmux/tmux.ts'
import type { World } from '../world.ts'

const POLL_SECONDS = 0.03
const MAX_POLL_SECONDS = 0.5
/** After this long an engine that neither holds the session nor has ended is still waiting, or the machine is slow. */
const START_SECONDS = 60

/** Without an exit code by then, a signal has ended it. */
const EXIT_CODE_SECONDS = 2

const WHOLE_HISTORY = 100_000

/** The pane's environment is the tmux server's; these variables change what the command does. */
const INHERITED_VARIABLES = [
  'PATH',
  'NODE_OPTIONS',
  'LOCK_PROCESS_STRATEGY',
  'LOCK_FLOCK_STRATEGY',
  'LOCK_CGROUP_STRATEGY',
] as const

const paneVariables = (world: World): Readonly<Record<string, string>> => ({
  LOCK_DIR: world.lockDir,
  ...Object.fromEntries(
    INHERITED_VARIABLES.flatMap((name) => (world.env[name] === undefined ? [] : [[name, world.env[name]]])),
  ),
})

/** Inside a worker the variables of its run are set. The new session is not part of that run. */
const withoutRunVariables = (world: World) =>
  Object.fromEntries(
    Object.entries(world.env).filter(
      ([name]) => !/^LOCK_(SESSION|GENERATION|ITERATIONS?|COOKIE)$/.test(name),
    ),
  )

const saveScreen = async (world: World, name: string, target: TmuxTarget): Promise<void> => {
  const dir = `${world.paths(name).home}/screens`
  makeOwnDir(world.paths(name).home)
  makeOwnDir(dir)
  const stamp = new Date(world.clock.epoch() * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const file = `${dir}/${stamp}-${target.pane.slice(1)}.txt`
  const lines = await captureScreen(target, world, WHOLE_HISTORY)
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  world.notify(`the screen of the run before is kept in ${file}`)
}

/**
 * Where the new pane goes. Dead panes in a session of this name are what failed runs left: kept as text, then
 * removed. If something lives in it that this tool has put there, the new pane is another window beside it.
 */
const chooseContainer = async (
  world: World,
  name: string,
  last: LockRecord | null,
): Promise<'session' | 'window'> => {
  const panes = await sessionPanes(name, world)
  let others = 0
  for (const target of panes) {
    if ((await paneState(target, world))?.kind !== 'dead') {
      others += 1
      continue
    }
    await saveScreen(world, name, target)
    await killPane(target, world)
  }
  if (others === 0) return 'session'
  if (last?.tmux?.session === name && last.tmux.server_pid === panes[0]?.server_pid) return 'window'
  throw errors.held(
    `there is a tmux session called ${name} already, which is not ours`,
    `Look: tmux attach -t =${name}:   Or run without --detach inside it.`,
  )
}

/** Waits until the engine in the pane holds the session, has ended without, or `seconds` have passed. */
const awaitHeld = async (
  world: World,
  name: string,
  target: TmuxTarget,
  before: number,
  seconds: number,
): Promise<'held' | 'ended' | 'not-yet'> => {
  const deadline = world.clock.monotonic() + seconds
  let pause = POLL_SECONDS
  for (;;) {
    const { stored } = openSession(world, name).snapshot()
    const record = stored.kind === 'record' ? stored.record : null
    if (record !== null && record.generation > before && record.tmux?.pane === target.pane) return 'held'
    if ((await paneState(target, world))?.kind !== 'live') return 'ended'
    if (world.clock.monotonic() > deadline) return 'not-yet'
    await world.clock.sleep(pause)
    pause = Math.min(pause * 1.5, MAX_POLL_SECONDS)
  }
}

/** A pane is dead when its terminal is closed; the exit code of what ran in it comes a moment later. */
const awaitExitCode = async (world: World, target: TmuxTarget): Promise<number | null> => {
  const deadline = world.clock.monotonic() + EXIT_CODE_SECONDS
  for (;;) {
    const state = await paneState(target, world)
    if (state?.kind !== 'dead' || state.exitCode !== null || world.clock.monotonic() > deadline) {
      return state?.exitCode ?? null
    }
    await collectEnded(target, world)
    await world.clock.sleep(POLL_SECONDS)
  }
}

export type DetachedRun = { readonly name: string; readonly waits: boolean; readonly force: boolean }

/**
 * @param command the engine's own command line, without `--detach`
 * @returns the exit code: 0 when the session is held, else the engine's
 */
export const runDetached = async (
  world: World,
  run: DetachedRun,
  command: readonly string[],
): Promise<number> => {
  const { name } = run
  prepareLockDir(world.lockDir)
  const snapshot = openSession(world, name).snapshot()
  const { record: last, verdict } = snapshot
  refuseOwnSession(world, last)
  // The engine in the pane would find the same; to say it here saves a pane.
  if (!run.waits && !run.force && (verdict.state === 'active' || verdict.state === 'hung')) {
    throw heldError(snapshot, [], world.now())
  }
  const start = await startDetached(
    {
      session: name,
      as: await chooseContainer(world, name, last),
      command,
      variables: paneVariables(world),
      env: withoutRunVariables(world),
      cwd: world.cwd,
      size: world.terminal.size(),
    },
    world.run,
  )
  if (start.kind === 'name-taken')
    throw errors.held(`there is a tmux session called ${name} already`, 'Try again.')
  if (start.kind === 'failed') throw errors.io(`tmux could not start the session: ${start.message}`, 'tmux')
  const { target } = start
  if (run.waits) {
    world.notify(`${name} waits in its own tmux session; see: tmux attach -t =${name}:`)
    return 0
  }
  // A takeover may have to wait for the grace of the owner, and of what it leaves.
  const timeout = START_SECONDS + (run.force ? 2 * (last?.options.grace ?? 0) : 0)
  const outcome = await awaitHeld(world, name, target, last?.generation ?? 0, timeout)
  if (outcome === 'held') {
    world.notify(`${name} runs in its own tmux session; see: lock.sh attach ${name}`)
    return 0
  }
  if (outcome === 'not-yet') {
    throw errors.held(
      `${name} still tries to get the session, in its own tmux session`,
      `tmux attach -t =${name}:`,
    )
  }
  const exitCode = await awaitExitCode(world, target)
  const screen = await captureScreen(target, world, WHOLE_HISTORY)
  // The last line is tmux's own: "Pane is dead".
  for (const line of screen.filter((text) => text !== '' && !text.startsWith('Pane is dead'))) {
    world.notify(printable(line.replace(/^engine: /, '')))
  }
  if (exitCode !== null) await killPane(target, world)
  return exitCode ?? EXIT_CODES.io
}
