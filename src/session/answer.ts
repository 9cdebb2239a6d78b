/** Types an answer into the pane of a session that waits for one. */
import { errors } from '../core/errors.ts'
import { poll } from '../core/poll.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import { isInForeground } from '../process/terminal-group.ts'
import { findWorker } from '../process/worker-tree.ts'
import { captureScreen, paneInput, typeInto } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import type { Session } from './session.ts'

export type Answered = {
  /** The screen's lines. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** Programs take what comes at once for a paste, and an Enter in it for a part of that. */
const ENTER_SECONDS = 0.3
/** A program needs a moment until its screen shows what it makes of the answer. */
const AFTER_SECONDS = 2
const SETTLE_SECONDS = 0.3
const ENTER = '\r'

type Asked = { readonly record: LockRecord; readonly target: TmuxTarget }

const whoAsks = (session: Session): Asked => {
  const { name } = session
  const { record, verdict } = session.snapshot()
  if (record === null || verdict.ownerAlive !== true)
    throw errors.nothingToAnswer(name, `it is ${verdict.state} (${printable(verdict.reason)})`)
  if (record.phase !== 'running') throw errors.nothingToAnswer(name, 'no iteration of it runs just now')
  if (record.tmux === null)
    throw errors.nothingToAnswer(name, 'it does not run in tmux, so nothing can be typed there from here')
  return { record, target: record.tmux }
}

/** Looked at just before something is typed: the pane is the run's, and what is typed there reaches its worker. */
const checkPane = async (world: World, { record, target }: Asked): Promise<void> => {
  const { session } = record
  const input = await paneInput(target, world)
  if (input === null)
    throw errors.nothingToAnswer(session, `its pane ${printable(target.pane)} is not there any more`)
  if (input.isSynchronized)
    throw errors.notTheWorkers(
      session,
      `pane ${printable(target.pane)} is synchronized with others, and all of them would get it`,
      `tmux set-option -p -t ${printable(target.pane)} synchronize-panes off`,
    )
  const { hasProcfs } = world.inspector
  const worker = findWorker(world, record)
  if (!worker.some(({ pid }) => isInForeground(pid, input.terminal, hasProcfs)))
    throw errors.notTheWorkers(
      session,
      `in pane ${printable(target.pane)} another program than the worker of ${session} has the terminal`,
      `See what it is:  lock.sh attach ${session}`,
    )
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n')

const screenAfter = async (
  world: World,
  target: TmuxTarget,
  typed: readonly string[],
): Promise<readonly string[]> => {
  let screen = typed
  await poll(world.clock, { seconds: AFTER_SECONDS, pauseSeconds: 0.1 }, async () => {
    screen = await captureScreen(target, world)
    return !isSame(screen, typed)
  })
  await world.clock.sleep(SETTLE_SECONDS)
  return captureScreen(target, world)
}

const type = async (world: World, asked: Asked, text: string): Promise<void> => {
  await checkPane(world, asked)
  const { session, tmux } = asked.record
  if (!(await typeInto(asked.target, text, world)))
    throw errors.nothingToAnswer(session, `tmux does not take it for pane ${printable(tmux?.pane ?? '')}`)
}

/**
 * Types a text and Enter.
 *
 * @param text `''` for Enter alone
 * @throws LockError `missing` when nothing of the session can be typed to, `unsafe` when something else has its pane
 */
export const answer = async (session: Session, text: string): Promise<Answered> => {
  const { world } = session
  const asked = whoAsks(session)
  const before = await captureScreen(asked.target, world)
  if (text !== '') {
    await type(world, asked, text)
    await world.clock.sleep(ENTER_SECONDS)
  }
  const typed = await captureScreen(asked.target, world)
  await type(world, asked, ENTER)
  return { before, after: await screenAfter(world, asked.target, typed) }
}
