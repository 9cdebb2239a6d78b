import type { Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { parseRetryAt } from '../core/loop/times.ts'
import { leaveNote } from '../session/own-note.ts'
import type { World } from '../world.ts'

export type Progress = {
  readonly note: string
  /** No sign of life for so long is fine; `null`: as usual. */
  readonly seconds: number | null
  /** Unix seconds; when the next iteration begins, `null`: as usual. */
  readonly retryAt: number | null
}

/**
 * A note from inside a run: "this is progress".
 *
 * @throws LockError as {@link leaveNote} does
 */
export const progress = (world: World, { note, seconds, retryAt }: Progress): void =>
  leaveNote(world, { note, for: seconds, ...(retryAt === null ? {} : { retry_at: retryAt }) })

export const verb: Verb = {
  describe: 'report progress, from inside a run',
  positionals: ['[NOTE]'],
  options: {
    for: { type: 'string', value: 'D', describe: 'do not report the session as hung for D from now' },
    'retry-at': {
      type: 'string',
      value: 'TIME',
      describe:
        'begin the next iteration at this time: 14:00, ISO 8601, Unix seconds, or a duration from now',
    },
  },
  examples: [
    ['lock.sh progress --for 20m "long build"', 'in a script that engine.sh runs'],
    ['lock.sh progress --retry-at 14:00 "rate limited"; exit 75', 'the run waits until 14:00'],
  ],
  run: (world, args) => {
    const span = args.value('for')
    const retryAt = args.value('retry-at')
    progress(world, {
      note: args.positionals[0] ?? '',
      seconds: span === undefined ? null : parseDuration(span, '--for'),
      retryAt: retryAt === undefined ? null : parseRetryAt(retryAt, '--retry-at', world.clock.epoch()),
    })
    return 0
  },
}
