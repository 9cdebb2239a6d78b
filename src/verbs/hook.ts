import type { Verb } from '../cli/verb.ts'
import { AGENTS } from '../core/agents/names.ts'

export const verb: Verb = {
  describe: "take an agent's hook event from standard input; lock.sh setup makes agents call it",
  positionals: [AGENTS.join('|'), '[EVENT]'],
  options: {},
  examples: [['lock.sh hook claude', 'as a hook of Claude Code: leaves a note for the run that it is in']],
  // scripts/lock.sh starts dist/hook.js for it; this is reached without a run, or with a word too many.
  run: () => 0,
}
