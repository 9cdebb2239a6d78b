import { print, type Verb } from '../cli/verb.ts'
import { fileOptions } from '../core/config.ts'
import { runDetached } from '../engine/detach.ts'
import { openSession } from '../session/session.ts'
import { attempt } from './shared/attempt.ts'
import { configuredSessions } from './shared/configured-sessions.ts'

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
      const waits = fileOptions(config, name).wait !== undefined
      const command = [self.node, self.script, 'engine', 'run', name]
      const code = await attempt(world, () => runDetached(world, { name, waits, force: false }, command))
      if (code === 0) print(`${name}: started\n`)
      exitCode ||= code
    }
    return exitCode
  },
}
