import { print, type Self, type Verb } from '../cli/verb.ts'
import { fileOptions } from '../core/config.ts'
import { ordinal } from '../core/ticket.ts'
import { runDetached } from '../engine/detach.ts'
import { openSession } from '../session/session.ts'
import { waitersOf, whoWaits } from '../session/who-waits.ts'
import type { World } from '../world.ts'
import { attempt } from './shared/attempt.ts'
import { configuredSessions } from './shared/configured-sessions.ts'

/** @returns its exit code */
const start = async (world: World, name: string, waits: boolean, self: Self): Promise<number> => {
  const command = [self.node, self.script, 'engine', 'run', name]
  const outcome = await runDetached(world, { name, waits, force: false }, command)
  if (outcome.exitCode === 0)
    print(
      `${name}: ${outcome.waits ? 'waits in its tmux session, and starts when its turn comes' : 'started'}\n`,
    )
  return outcome.exitCode
}

export const verb: Verb = {
  describe: 'start the sessions of engine.yaml that are not running, each in its tmux session',
  positionals: ['[NAME...]'],
  options: {},
  examples: [
    ['engine.sh up', 'all of them'],
    ['engine.sh up docs api', 'these two'],
  ],
  run: async (world, args, self) => {
    const { config, names } = await configuredSessions(world, args)
    let exitCode = 0
    for (const name of names) {
      const { state, reason } = openSession(world, name).snapshot().verdict
      if (state === 'active' || state === 'hung') {
        print(`${name}: runs already (${state}: ${reason})\n`)
        continue
      }
      const inLine = waitersOf(whoWaits(world), name)[0]
      if (inLine !== undefined) {
        print(`${name}: waits already (${ordinal(inLine.turn)} in line, pid ${inLine.ticket.waiter.pid})\n`)
        continue
      }
      exitCode ||= await attempt(world, () =>
        start(world, name, fileOptions(config, name).wait !== undefined, self),
      )
    }
    return exitCode
  },
}
