import { JSON_OPTION, type Verb } from '../cli/verb.ts'
import { startWatch } from './shared/start-watch.ts'

export const verb: Verb = {
  describe: 'watch all sessions in a table that fills the terminal; ? shows its keys',
  positionals: [],
  options: {
    json: { ...JSON_OPTION, describe: 'print a line of JSON for each change instead' },
    client: {
      type: 'string',
      value: 'CLIENT',
      describe: 'Enter makes this client of tmux show the session, and ends the table',
    },
  },
  examples: [
    ['lock.sh watch', 'attach with Enter, ask why with w, leave with q'],
    ['lock.sh watch --json', 'for programs: first what there is, then a line for each change'],
  ],
  run: (world, args, self) =>
    startWatch(world, self, { isJson: args.flag('json'), client: args.value('client') }),
}
