import type { Verb } from '../cli/verb.ts'
import { AGENTS } from '../core/agents/names.ts'

export const verb: Verb = {
  describe: "read an agent's hook event from standard input; lock.sh setup configures agents to call this",
  positionals: [AGENTS.join('|'), '[EVENT]'],
  options: {},
  examples: [['lock.sh hook claude', 'as a hook of Claude Code: leaves a note in its run']],
  // scripts/lock.sh starts dist/hook.js for it; this is reached without a run, or with a word too many.
  run: () => 0,
}
