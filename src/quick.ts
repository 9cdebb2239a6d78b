/** The verbs that prompts and scripts ask all the time; this entry point has nothing else to load. */
import { QUICK_VERBS } from './cli/quick-verbs.ts'
import { READING_VERBS } from './cli/reading-verbs.ts'
import { start } from './start.ts'

start({ ...QUICK_VERBS, ...READING_VERBS })
