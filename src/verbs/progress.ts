import type { Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { leaveNote } from '../session/own-note.ts'
import type { World } from '../world.ts'

/**
 * A note from inside a run: "this is progress".
 *
 * @param seconds no sign of life for so long is fine; `null`: as usual
 * @throws LockError as {@link leaveNote} does
 */
export const progress = (world: World, note: string, seconds: number | null): void =>
  leaveNote(world, () => ({ note, for: seconds }))

export const verb: Verb = {
  describe: 'report progress, from inside a run',
  positionals: ['[NOTE]'],
  options: {
    for: { type: 'string', value: 'D', describe: 'do not report the session as hung for D from now' },
  },
  examples: [['lock.sh progress --for 20m "long build"', 'in a script that engine.sh runs']],
  run: (world, args) => {
    const text = args.value('for')
    progress(world, args.positionals[0] ?? '', text === undefined ? null : parseDuration(text, '--for'))
    return 0
  },
}
