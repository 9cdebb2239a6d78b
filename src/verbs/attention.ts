import type { Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { ATTENTION_KINDS, type AttentionKind } from '../core/note.ts'
import { printable } from '../core/printable.ts'
import { leaveNote } from '../session/own-note.ts'

/** @throws LockError `usage` */
const parseKind = (text: string): AttentionKind => {
  const kind = ATTENTION_KINDS.find((known) => known === text)
  if (kind !== undefined) return kind
  throw errors.usage(
    `attention is of the kind ${ATTENTION_KINDS.join(', ')}, not ${JSON.stringify(printable(text))}`,
    'lock.sh attention --help',
  )
}

export const verb: Verb = {
  describe: 'report that the job needs a person, from inside a run',
  positionals: [ATTENTION_KINDS.join('|'), '[TEXT]'],
  options: {},
  examples: [
    ['lock.sh attention question "deploy to production?"', 'in a script that engine.sh runs, before it asks'],
  ],
  run: (world, args) => {
    const [word = '', note = ''] = args.positionals
    const attention = parseKind(word)
    leaveNote(world, { attention, note })
    return 0
  },
}
