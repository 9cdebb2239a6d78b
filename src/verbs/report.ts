import { JSON_OPTION, print, printJson, stdout, type Verb } from '../cli/verb.ts'
import { formatDuration } from '../core/duration.ts'
import { EXIT_CODES, errors } from '../core/errors.ts'
import { sumPeriods } from '../core/period.ts'
import { plural } from '../core/plural.ts'
import { parseSince } from '../core/since.ts'
import { type Periods, periodsSince } from '../session/periods.ts'
import type { World } from '../world.ts'
import { reportMarkdown } from './shared/report-markdown.ts'
import { reportText } from './shared/report-text.ts'

/** A night, with the evening before it. */
const DEFAULT_SINCE = '12h'

const reportUnread = (world: World, unread: Periods['unread']): void => {
  for (const { session, problem, skipped, torn } of unread) {
    if (problem !== null) world.notify(problem)
    if (skipped > 0)
      world.notify(
        `${plural(skipped, 'line')} of the history of ${session} cannot be read, and ${skipped === 1 ? 'is' : 'are'} left out`,
      )
    if (torn) world.notify(`the last line of the history of ${session} was cut off, as by a crash`)
  }
}

const reportNothing = (world: World, others: readonly string[], seconds: number): void => {
  if (others.length === 0)
    world.notify(`no sessions in ${world.lockDir} yet; engine.sh run NAME -- COMMAND starts one`)
  else
    world.notify(
      `nothing ran in the last ${formatDuration(seconds)}; to look farther back: lock.sh report --since 2d`,
    )
}

export const verb: Verb = {
  describe: 'what all sessions did since last night: results, changes, times, and what needs you now',
  positionals: [],
  options: {
    since: {
      type: 'string',
      value: 'TIME|D',
      describe: `from the last time it was that time of day (22:00), from a date, or for a duration (default ${DEFAULT_SINCE})`,
    },
    json: JSON_OPTION,
    markdown: { type: 'boolean', describe: 'print Markdown, for an issue or a chat' },
  },
  examples: [
    ['lock.sh report --since 22:00', 'what happened in the night, those that need you first'],
    ['lock.sh report --markdown', 'the last 12 hours, to be pasted into an issue'],
  ],
  run: (world, args) => {
    if (args.flag('json') && args.flag('markdown'))
      throw errors.usage('--json and --markdown exclude each other')
    const since = parseSince(args.value('since') ?? DEFAULT_SINCE, '--since', world.clock.epoch())
    const { period, sessions, others, unread } = periodsSince(world, since)
    if (args.flag('json'))
      printJson({
        since_epoch: period.from,
        until_epoch: period.to,
        lock_dir: world.lockDir,
        sessions,
        sums: sumPeriods(sessions),
        others,
        unread,
      })
    else if (sessions.length === 0) reportNothing(world, others, period.to - period.from)
    else
      print(
        args.flag('markdown')
          ? reportMarkdown(sessions, period)
          : reportText(sessions, period, stdout(world)),
      )
    reportUnread(world, unread)
    return unread.some(({ problem }) => problem !== null) ? EXIT_CODES.io : 0
  },
}
