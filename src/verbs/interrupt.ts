import { nameOf, print, type Verb } from '../cli/verb.ts'
import { formatDuration } from '../core/duration.ts'
import { errors, type LockError } from '../core/errors.ts'
import { describeOwner } from '../core/held.ts'
import { nameIteration } from '../core/iteration-text.ts'
import { poll } from '../core/poll.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import { openSession, type Session } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { readRequest, writeInterrupt } from '../store/requests.ts'
import type { World } from '../world.ts'
import { runningSession } from './shared/running-session.ts'

/** Time that an owner needs after its grace: to kill, to see the end, to stop the refresher, to write. */
const ITERATION_END_SECONDS = 10
const POLL_SECONDS = 0.05

/** What the iteration was, when the record shows that it has ended; `null` while it does not. */
const describeIterationEnd = (now: LockRecord, asked: LockRecord): string | null => {
  const { last_iteration: before } = asked
  const iteration = asked.iteration.number
  const { last_iteration: last } = now
  // A run that does its last iteration again begins with a last one of the same number.
  if (last?.iteration === iteration && last.ended_epoch !== before?.ended_epoch) return ` (${last.result})`
  return now.iteration.number > iteration ? '' : null
}

const describeRun = (now: LockRecord): string => {
  if (now.ended !== null) return `the run has ended too (${now.ended.reason})`
  return now.phase === 'running'
    ? `the run continues with ${nameIteration(now.iteration)}`
    : `the run continues after its pause`
}

/** What has become of it, as text; `null` while it goes on. @throws LockError `held` when the owner has died */
const describeOutcome = (session: Session, asked: LockRecord): string | null => {
  const { name } = session
  const { record: now, verdict } = session.snapshot()
  if (now !== null && now.generation !== asked.generation)
    return `run ${asked.generation} of ${name} has ended; by now there is run ${now.generation}`
  if (verdict.state === 'dead')
    throw errors.held(`${name} has lost its owner: ${verdict.reason}`, detailsHint(name))
  if (now === null) return null
  const end = describeIterationEnd(now, asked)
  if (end !== null)
    return `iteration ${asked.iteration.number} of ${name} has ended${end}; ${describeRun(now)}`
  return now.ended === null ? null : `${name} has ended: ${verdict.reason}`
}

const awaitEnd = async (session: Session, asked: LockRecord): Promise<string> => {
  const { world, name } = session
  const { iteration, options } = asked
  const timing = { seconds: options.grace + ITERATION_END_SECONDS, pauseSeconds: POLL_SECONDS }
  const outcome = await poll(world.clock, timing, () => describeOutcome(session, asked))
  if (outcome !== null) return outcome
  throw errors.held(
    `iteration ${iteration.number} of ${name} does not end; it is run by ${describeOwner(asked, world.now())}`,
    `It had ${formatDuration(options.grace)} of grace. End the run: engine.sh stop ${name}   By force: engine.sh run ${name} --force`,
  )
}

const detailsHint = (name: string): string => `Details: lock.sh why ${name}`

const ownerStopped = (name: string, pid: number): LockError =>
  errors.held(
    `the owner of ${name} (pid ${pid}) is stopped (SIGSTOP or Ctrl-Z) and does not react to signals`,
    `Resume it:  kill -CONT ${pid}   Or take the session over: engine.sh run ${name} --force`,
  )

/**
 * Asks the owner to end the iteration that runs now, and to go on with the next. The request names the iteration, so
 * that one which comes too late ends nothing else.
 *
 * @returns what happened, as text
 * @throws LockError `held` when the iteration does not end in time, or it cannot be ended from here
 */
export const interrupt = async (world: World, name: string): Promise<string> => {
  checkLockDir(world.lockDir)
  const session = openSession(world, name)
  const running = runningSession(session, 'reached')
  if (running.kind === 'not-running') return running.text
  const { record, owner, verdict } = running
  const { generation, phase } = record
  const { shell } = record
  // A signal that a shell has no trap for would end it.
  const { pid } = shell?.supervisor ?? record.owner
  if (owner.state === 'stopped') throw ownerStopped(name, pid)
  if (phase === 'stopping') return `${name} is ending already: ${verdict.reason}`
  if (phase !== 'running' || (shell !== null && shell.supervisor === null))
    return `no iteration of ${name} runs just now: ${verdict.reason}`

  const paths = world.paths(name)
  // It is in the same place, and the owner may not have looked yet.
  if (readRequest(paths, generation) === 'supersede') return `${name} is being taken over already`
  writeInterrupt(paths, generation, record.iteration.number)
  if (world.signal(pid, 'SIGUSR2') === 'denied') throw errors.ownerOfOther(pid)
  return awaitEnd(session, record)
}

export const verb: Verb = {
  describe: 'end the current iteration; the run continues with the next',
  positionals: ['NAME'],
  options: {},
  examples: [['lock.sh interrupt nightly', 'for example, when lock.sh logs nightly shows that it is stuck']],
  run: async (world, args) => {
    print(`${printable(await interrupt(world, nameOf(args)))}\n`)
    return 0
  },
}
