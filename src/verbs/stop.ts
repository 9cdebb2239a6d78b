import { nameOf, print, type Verb } from '../cli/verb.ts'
import { printable } from '../core/printable.ts'
import { stopSession } from './shared/stop-session.ts'

export const verb: Verb = {
  describe: 'end a run cleanly',
  positionals: ['NAME'],
  options: {
    'after-iteration': {
      type: 'boolean',
      describe: 'let the current iteration finish first; return without waiting for it',
    },
  },
  examples: [
    ['engine.sh stop nightly', 'end the run and its current iteration now'],
    ['engine.sh stop nightly --after-iteration', 'let the current iteration finish first'],
  ],
  run: async (world, args) => {
    const options = { name: nameOf(args), afterIteration: args.flag('after-iteration') }
    print(`${printable(await stopSession(world, options))}\n`)
    return 0
  },
}
