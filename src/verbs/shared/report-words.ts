/** The words of `lock.sh report`, on one line each, for its table and for Markdown. */
import { formatDuration } from '../../core/duration.ts'
import { changedWords } from '../../core/loop/changed.ts'
import { momentText } from '../../core/moment-text.ts'
import type {
  ChangedInPeriod,
  IterationCounts,
  OwnerEvent,
  PeriodSums,
  SessionPeriod,
} from '../../core/period.ts'
import { plural } from '../../core/plural.ts'

/** What it is now, in a word or two. */
export const stateWord = ({ attention, state, ended }: SessionPeriod): string => {
  if (attention !== null) return 'needs you'
  if (state !== 'free' || ended === null) return state
  if (ended.reason === 'superseded') return 'taken over'
  return ended.reason === 'owner-died' ? 'reaped' : ended.reason
}

/** `20 ok`, `16 ok of 20`; `-` when there were none. */
export const iterationsWord = ({ done, ok }: IterationCounts): string => {
  if (done === 0) return '-'
  return ok === done ? `${ok} ok` : `${ok} ok of ${done}`
}

const RESULTS = [
  ['failed', 'failed'],
  ['killed', 'killed'],
  ['timeout', 'timed out'],
  ['interrupted', 'interrupted'],
] as const

/** How those ended that did not end well. */
export const resultWords = (counts: IterationCounts): readonly string[] => [
  ...RESULTS.flatMap(([result, word]) => (counts[result] === 0 ? [] : [`${counts[result]} ${word}`])),
  ...(counts.out_of_memory === 0 ? [] : [`${counts.out_of_memory} killed by the kernel for memory`]),
]

/** `-` where nothing was looked at. */
export const changedWord = (changed: ChangedInPeriod, { done }: IterationCounts): string =>
  done === changed.unknown ? '-' : changedWords(changed)

/** Less is no pause that anybody has planned, and no hang. */
const LEAST_SECONDS: Readonly<Record<keyof SessionPeriod['seconds'], number>> = {
  active: 0.05,
  waiting: 1,
  hung: 0.05,
}

/** `-` instead of no time at all. */
export const timeWord = (times: SessionPeriod['seconds'], kind: keyof SessionPeriod['seconds']): string =>
  times[kind] < LEAST_SECONDS[kind] ? '-' : formatDuration(times[kind])

export const hungWords = (causes: SessionPeriod['hung_causes']): readonly string[] =>
  Object.entries(causes)
    .toSorted(([, a], [, b]) => b - a)
    .map(([cause, seconds]) => `${cause} ${formatDuration(seconds)}`)

const KIND_WORDS: Readonly<Record<OwnerEvent['kind'], (event: OwnerEvent) => string>> = {
  'owner-died': ({ generation }) => `the owner of run ${generation} died`,
  forced: ({ generation, from }) => `run ${generation} took over from run ${from ?? '?'} by force`,
  resumed: ({ generation, from }) => `run ${generation} continued run ${from ?? '?'}`,
  reaped: ({ generation }) => `run ${generation} was reaped`,
}

const SHOWN_EVENTS = 4

/** The last ones. */
export const ownerWords = (owners: readonly OwnerEvent[], now: number): readonly string[] => {
  const shown = owners
    .slice(-SHOWN_EVENTS)
    .map((event) => `${momentText(event.epoch, now)} ${KIND_WORDS[event.kind](event)}`)
  const left = owners.length - shown.length
  return left > 0 ? [`${left} earlier changes of the owner`, ...shown] : shown
}

export const askedWords = (asked: number): readonly string[] =>
  asked === 0 ? [] : [`asked for a person ${asked === 1 ? 'once' : plural(asked, 'time')}`]

export const timeWords = (times: SessionPeriod['seconds']): readonly string[] =>
  (['active', 'waiting', 'hung'] as const).flatMap((kind) => {
    const word = timeWord(times, kind)
    return word === '-' ? [] : [`${kind} ${word}`]
  })

/** `3 of 20 sessions need you`. */
export const needText = (sessions: readonly SessionPeriod[]): string => {
  const needing = sessions.filter(({ needs_person }) => needs_person).length
  const all = plural(sessions.length, 'session')
  if (needing === 0) return `${all}, and none needs you`
  return `${needing} of ${all} ${needing === 1 ? 'needs' : 'need'} you`
}

/** One line for each kind of sum. */
export const sumLines = (
  sums: PeriodSums,
  sessions: readonly SessionPeriod[],
): readonly (readonly string[])[] => {
  const states = new Map<string, number>()
  for (const session of sessions) {
    // Above, `need you` has those that hang or died, too.
    const word = session.attention === null ? stateWord(session) : 'asking'
    states.set(word, (states.get(word) ?? 0) + 1)
  }
  const { iterations, changed, seconds, hung_causes: causes } = sums
  const events = [
    ...(sums.owners_died === 0 ? [] : [`${plural(sums.owners_died, 'owner')} died`]),
    ...(sums.taken_over === 0 ? [] : [`${plural(sums.taken_over, 'run')} taken over by force`]),
    ...(sums.incidents === 0 ? [] : [plural(sums.incidents, 'incident')]),
  ]
  const lines = [
    [plural(sums.sessions, 'session'), ...[...states].map(([word, count]) => `${count} ${word}`)],
    [
      plural(iterations.done, 'iteration'),
      ...(iterations.ok === 0 ? [] : [`${iterations.ok} ok`]),
      ...resultWords(iterations),
    ],
    iterations.done === changed.unknown ? [] : [`changed: ${changedWords(changed)}`],
    timeWords(seconds),
    hungWords(causes).length === 0 ? [] : [`hung: ${hungWords(causes).join(', ')}`],
    events,
  ]
  return lines.filter((line) => line.length > 0)
}
