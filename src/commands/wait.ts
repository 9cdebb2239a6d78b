import { errors } from '../core/errors.ts'
import type { State } from '../core/verdict.ts'
import { inspectSession } from '../session/snapshot.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

export const AWAITABLE = ['free', 'hung', 'dead'] as const
export type Awaitable = (typeof AWAITABLE)[number]

const POLL_SECONDS = 0.2

/**
 * Looks until the session is in one of the states.
 *
 * @param seconds may be infinite
 * @returns the verdict's reason
 * @throws LockError `held` when the time is up
 */
export const wait = async (
  world: World,
  name: string,
  states: readonly Awaitable[],
  seconds: number,
): Promise<string> => {
  checkLockDir(world.lockDir)
  const deadline = world.clock.monotonic() + seconds
  const isAwaited = (state: State): boolean => states.some((awaited) => awaited === state)
  for (;;) {
    const { verdict } = inspectSession(world, name)
    if (isAwaited(verdict.state)) return `${name} is ${verdict.state}: ${verdict.reason}`
    const left = deadline - world.clock.monotonic()
    if (left <= 0) {
      throw errors.held(
        `${name} is not ${states.join(' or ')} yet; it is ${verdict.state}: ${verdict.reason}`,
        `lock.sh why ${name}`,
      )
    }
    await world.clock.sleep(Math.min(POLL_SECONDS, left))
  }
}
