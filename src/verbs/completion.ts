import { completionScript } from '../cli/completion.ts'
import { loadVerbs, print, type Verb } from '../cli/verb.ts'

export const verb: Verb = {
  describe: 'print a completion script for bash and zsh',
  positionals: [],
  options: {},
  examples: [['eval "$(lock.sh completion)"', 'in ~/.bashrc or ~/.zshrc']],
  run: async () => {
    const { VERBS } = await import('./index.ts')
    print(completionScript([...(await loadVerbs(VERBS, 'engine')), ...(await loadVerbs(VERBS, 'lock'))]))
    return 0
  },
}
