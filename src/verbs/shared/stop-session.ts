import { formatDuration } from '../../core/duration.ts'
import { errors } from '../../core/errors.ts'
import { describeOwner } from '../../core/held.ts'
import { poll } from '../../core/poll.ts'
import { printable } from '../../core/printable.ts'
import { messageOf } from '../../core/system-error.ts'
import { askToEnd } from '../../session/end-owner.ts'
import { openSession, type Session } from '../../session/session.ts'
import { checkLockDir } from '../../store/lock-dir.ts'
import { writeRequest } from '../../store/requests.ts'
import type { World } from '../../world.ts'
import { runningSession } from './running-session.ts'

const SHELL_END_SECONDS = 5

export type StopOptions = { readonly name: string; readonly afterIteration: boolean }

/** So that the owner can tell this end from a shutdown. It ends without it, too. */
const announceStop = ({ paths, world }: Session, generation: number): void => {
  try {
    writeRequest(paths, 'stop', generation)
  } catch (error) {
    world.notify(messageOf(error))
  }
}

/** What a shell cannot do when it dies of the signal, its guard or its sentinel does. */
const awaitEnd = (session: Session): Promise<unknown> =>
  poll(
    session.world.clock,
    { seconds: SHELL_END_SECONDS, pauseSeconds: 0.05 },
    () => session.snapshot().verdict.state !== 'dead',
  )

/** Asks the owner to end cleanly. @returns what happened, as text @throws LockError `held` when it does not end */
export const stopSession = async (world: World, { name, afterIteration }: StopOptions): Promise<string> => {
  checkLockDir(world.lockDir)
  const session = openSession(world, name)
  const running = runningSession(session, 'stopped')
  if (running.kind === 'not-running') return running.text
  const { record, owner } = running

  if (afterIteration && record.shell !== null)
    throw errors.usage(
      `${name} is held by a script (${printable(record.shell.script)}), which alone knows when its loop ends`,
      `End it now: engine.sh stop ${name}   End the iteration: lock.sh interrupt ${name}`,
    )
  if (afterIteration) {
    writeRequest(world.paths(name), 'stop-after-iteration', record.generation)
    if (world.signal(record.owner.pid, 'SIGUSR2') === 'denied') throw errors.ownerOfOther(record.owner.pid)
    const stoppedNote =
      owner.state === 'stopped' ? '; its owner is stopped (SIGSTOP), so it ends only after a SIGCONT' : ''
    return `${name} ends after iteration ${record.iteration.number}${stoppedNote}`
  }
  announceStop(session, record.generation)
  const answer = await askToEnd(world, record.owner, record.options.grace)
  if (answer === 'denied') throw errors.ownerOfOther(record.owner.pid)
  if (answer === 'still-there') {
    throw errors.held(
      `${name} does not end: still held by ${describeOwner(record, world.now())}`,
      `It had ${formatDuration(record.options.grace)} of grace. End it by force: engine.sh run ${name} --force`,
    )
  }
  if (record.shell !== null) await awaitEnd(session)
  const { verdict: now } = session.snapshot()
  // The owner was killed meanwhile, and its worker may still run.
  if (now.state === 'dead')
    throw errors.held(`${name} has lost its owner: ${now.reason}`, `End what it left: lock.sh reap ${name}`)
  return `${name} has ended: ${now.reason}`
}
