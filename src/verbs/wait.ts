import { nameOf, print, type Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { poll } from '../core/poll.ts'
import { printable } from '../core/printable.ts'
import { openSession } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

const AWAITABLE = ['free', 'hung', 'dead', 'needs-input'] as const
export type Awaitable = (typeof AWAITABLE)[number]

/** A worker that asks says so at once; one that only waits at its terminal is found to when it hangs. */
const isIn = (awaited: Awaitable, { verdict, attention }: Snapshot): boolean =>
  awaited === 'needs-input'
    ? attention !== null || verdict.cause === 'awaiting-input'
    : verdict.state === awaited

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
  const session = openSession(world, name)
  let snapshot = session.snapshot()
  const found = await poll(world.clock, { seconds, pauseSeconds: POLL_SECONDS }, () => {
    snapshot = session.snapshot()
    return states.some((awaited) => isIn(awaited, snapshot))
  })
  const { verdict } = snapshot
  if (found !== null) return `${name} is ${verdict.state}: ${verdict.reason}`
  throw errors.held(
    `${name} is not ${states.join(' or ')} yet; it is ${verdict.state}: ${verdict.reason}`,
    `lock.sh why ${name}`,
  )
}

/** @throws LockError `usage` */
const parseStates = (text: string | undefined): readonly Awaitable[] => {
  if (text === undefined)
    throw errors.usage(`lock.sh wait needs --for ${AWAITABLE.join('|')}`, 'lock.sh wait --help')
  return text.split(',').map((word): Awaitable => {
    const state = AWAITABLE.find((awaitable) => awaitable === word)
    if (state === undefined)
      throw errors.usage(`--for takes ${AWAITABLE.join(', ')}, not ${JSON.stringify(printable(word))}`)
    return state
  })
}

export const verb: Verb = {
  describe: 'wait until a session is in a state',
  positionals: ['NAME'],
  options: {
    for: {
      type: 'string',
      value: AWAITABLE.join('|'),
      describe: 'one or several of these states: free,dead',
    },
    timeout: { type: 'string', value: 'D', describe: 'give up after D, with exit code 75' },
  },
  examples: [
    ['lock.sh wait nightly --for needs-input,free,dead', 'until it needs a person or has ended'],
    ['lock.sh wait nightly --for free,dead --timeout 8h', 'until it has ended or died, for at most 8 hours'],
  ],
  run: async (world, args) => {
    const name = nameOf(args)
    const states = parseStates(args.value('for'))
    const limit = args.value('timeout')
    const seconds = limit === undefined ? Number.POSITIVE_INFINITY : parseDuration(limit, '--timeout')
    print(`${printable(await wait(world, name, states, seconds))}\n`)
    return 0
  },
}
