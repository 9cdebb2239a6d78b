/** Asks an owner to end, and sees whether it does. */
import type { Liveness } from '../core/identity.ts'
import { livenessOf } from '../core/identity.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import type { World } from '../world.ts'

/** Time that an owner needs after its grace: to stop the refresher, to write, to unlock. */
const SHUTDOWN_SECONDS = 5

const liveness = (world: World, record: LockRecord, reference: ProcessReference): Liveness =>
  livenessOf(world.inspector.snapshot(), reference, record.owner.started_clock, world.inspector)

export const isAlive = (world: World, record: LockRecord, reference: ProcessReference): boolean =>
  liveness(world, record, reference).kind === 'alive'

/** @returns whether it went within `seconds` */
export const awaitGone = async (
  world: World,
  record: LockRecord,
  reference: ProcessReference,
  seconds: number,
): Promise<boolean> => {
  const deadline = world.clock.monotonic() + seconds
  while (isAlive(world, record, reference)) {
    if (world.clock.monotonic() >= deadline) return false
    await world.clock.sleep(0.02)
  }
  return true
}

/** TERM, and CONT when it is stopped: a stopped process takes no TERM. */
export const askToEnd = async (
  world: World,
  record: LockRecord,
): Promise<'gone' | 'still-there' | 'denied'> => {
  const now = liveness(world, record, record.owner)
  if (now.kind !== 'alive') return 'gone'
  if (world.signal(record.owner.pid, 'SIGTERM') === 'denied') return 'denied'
  if (now.state === 'stopped') world.signal(record.owner.pid, 'SIGCONT')
  return (await awaitGone(world, record, record.owner, record.options.grace + SHUTDOWN_SECONDS))
    ? 'gone'
    : 'still-there'
}
