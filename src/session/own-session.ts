import { errors } from '../core/errors.ts'
import type { LockRecord } from '../core/record.ts'
import type { World } from '../world.ts'

/**
 * Without this an agent that restarts or reaps its own session would end itself half-way through. If its owner has
 * died, it would not be ended, because no process ends itself, and would go on working beside the next run.
 *
 * @throws LockError `held`
 */
export const refuseOwnSession = ({ env }: World, record: LockRecord | null): void => {
  if (record === null || env.LOCK_COOKIE !== record.cookie) return
  const { session, ended, iteration } = record
  if (ended !== null && ended.reason !== 'owner-died') return
  throw errors.held(
    `this command runs inside ${session} itself (iteration ${iteration.number})`,
    ended === null
      ? 'End the iteration instead; the engine continues with the next one.'
      : 'Its owner has died; end this process, and run the command from outside.',
  )
}
