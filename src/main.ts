/** All verbs. */
import { ACTING_VERBS } from './cli/acting-verbs.ts'
import { QUICK_VERBS } from './cli/quick-verbs.ts'
import { READING_VERBS } from './cli/reading-verbs.ts'
import { start } from './start.ts'

start({ ...QUICK_VERBS, ...READING_VERBS, ...ACTING_VERBS })
