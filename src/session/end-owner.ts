/** Asks an owner to end, and sees whether it does. */
import { KILL_SECONDS } from '../core/defaults.ts'
import { type Liveness, livenessOf } from '../core/identity.ts'
import { poll } from '../core/poll.ts'
import type { OwnerProcess, ProcessReference } from '../core/record.ts'
import type { World } from '../world.ts'

/** Time that an owner needs after its grace: to kill what is left of the worker, and to pause the guard, to write, to unlock. */
const SHUTDOWN_SECONDS = KILL_SECONDS + 5
const POLL_SECONDS = 0.02

/** A process of this boot and PID namespace, with the clock that its start was taken by. */
export type RecordedProcess = ProcessReference & Pick<OwnerProcess, 'started_clock'>

const livenessNow = ({ inspector }: World, process: RecordedProcess): Liveness =>
  livenessOf(inspector.snapshot(), process, process.started_clock, inspector)

export const isAlive = (world: World, process: RecordedProcess): boolean =>
  livenessNow(world, process).kind === 'alive'

/** @returns whether it went within `seconds` */
export const awaitGone = async (world: World, process: RecordedProcess, seconds: number): Promise<boolean> =>
  (await poll(world.clock, { seconds, pauseSeconds: POLL_SECONDS }, () => !isAlive(world, process))) !== null

/**
 * TERM, and CONT when it is stopped: a stopped process takes no TERM.
 *
 * @param graceSeconds what it gives its worker
 */
export const askToEnd = async (
  world: World,
  owner: RecordedProcess,
  graceSeconds: number,
): Promise<'gone' | 'still-there' | 'denied'> => {
  const now = livenessNow(world, owner)
  if (now.kind !== 'alive') return 'gone'
  if (world.signal(owner.pid, 'SIGTERM') === 'denied') return 'denied'
  if (now.state === 'stopped') world.signal(owner.pid, 'SIGCONT')
  return (await awaitGone(world, owner, graceSeconds + SHUTDOWN_SECONDS)) ? 'gone' : 'still-there'
}
