import { errors } from '../core/errors.ts'
import type { World } from '../world.ts'
import { inspectSession } from './snapshot.ts'

/**
 * Without this an agent that restarts or reaps its own session would end itself half-way through. If its owner has
 * died, it would not be ended, because no process ends itself, and would go on working beside the next run.
 */
export const refuseOwnSession = (world: World, name: string): void => {
  const { stored } = inspectSession(world, name)
  if (stored.kind !== 'record' || world.env.LOCK_COOKIE !== stored.record.cookie) return
  const { ended, iteration } = stored.record
  if (ended !== null && ended.reason !== 'owner-died') return
  throw errors.held(
    `this command runs inside ${name} itself (iteration ${iteration.number})`,
    ended === null
      ? 'End the iteration instead; the engine continues with the next one.'
      : 'Its owner has died; end this process, and run the command from outside.',
  )
}
