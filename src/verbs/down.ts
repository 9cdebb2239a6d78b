import { print, type Verb } from '../cli/verb.ts'
import { printable } from '../core/printable.ts'
import { attempt } from './shared/attempt.ts'
import { configuredSessions } from './shared/configured-sessions.ts'
import { stopSession } from './shared/stop-session.ts'

export const verb: Verb = {
  describe: 'stop the sessions of engine.yaml',
  positionals: ['[NAME...]'],
  options: {
    'after-iteration': {
      type: 'boolean',
      describe: 'let the current iterations finish first; return without waiting for them',
    },
  },
  examples: [
    ['engine.sh down', 'all of them, now'],
    ['engine.sh down docs', 'one of them'],
  ],
  run: async (world, args) => {
    const { names } = await configuredSessions(world, args)
    const afterIteration = args.flag('after-iteration')
    // Together, because each may take its whole grace.
    const codes = await Promise.all(
      names.map((name) =>
        attempt(world, async () => {
          print(`${printable(await stopSession(world, { name, afterIteration }))}\n`)
          return 0
        }),
      ),
    )
    return codes.find((code) => code !== 0) ?? 0
  },
}
