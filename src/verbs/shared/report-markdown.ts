/**
 * `lock.sh report` to be pasted into an issue or a chat. What a job has written stands in code spans, so that no name in
 * it calls anybody and no sign in it is markup.
 */
import { formatDuration } from '../../core/duration.ts'
import { momentText } from '../../core/moment-text.ts'
import { isTrouble, type SessionPeriod, sumPeriods } from '../../core/period.ts'
import { plural } from '../../core/plural.ts'
import { printable } from '../../core/printable.ts'
import type { Span } from '../../core/spans.ts'
import {
  askedWords,
  changedWord,
  hungWords,
  iterationsWord,
  needText,
  ownerWords,
  resultWords,
  stateWord,
  sumLines,
  timeWord,
} from './report-words.ts'

/** CommonMark: the fence is longer than any run of backticks in it. */
export const codeSpan = (text: string): string => {
  const runs = printable(text).match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1)
  const space = /^`|`$|^ .* $/.test(text) ? ' ' : ''
  return `${fence}${space}${printable(text)}${space}${fence}`
}

const COLUMNS = ['session', 'state', 'iterations', 'changed', 'active', 'waiting', 'hung'] as const

const cellsOf = (session: SessionPeriod): readonly string[] => [
  codeSpan(session.session),
  session.needs_person ? `**${stateWord(session)}**` : stateWord(session),
  iterationsWord(session.iterations),
  changedWord(session.changed, session.iterations),
  timeWord(session.seconds, 'active'),
  timeWord(session.seconds, 'waiting'),
  timeWord(session.seconds, 'hung'),
]

/** Padded, so that it can be read where it is not rendered. */
const tableOf = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(COLUMNS), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)]
}

const need = (session: SessionPeriod): string => {
  const next = session.next === null ? '' : `; next: ${codeSpan(session.next.command)}`
  return `- ${codeSpan(session.session)} (${stateWord(session)}): ${codeSpan(session.reason)}${next}`
}

const incidentWords = ({ incidents }: SessionPeriod): readonly string[] => {
  const newest = incidents.at(-1)
  if (newest === undefined) return []
  return [`${plural(incidents.length, 'incident')}, the newest: ${codeSpan(newest.path)}`]
}

const detail = (session: SessionPeriod, now: number): readonly string[] => {
  const hung = hungWords(session.hung_causes).join(', ')
  const words = [
    ...resultWords(session.iterations),
    ...(hung === '' ? [] : [`hung: ${hung}`]),
    ...askedWords(session.asked),
    ...ownerWords(session.owners, now),
    ...incidentWords(session),
  ]
  return words.length === 0 ? [] : [`- ${codeSpan(session.session)}: ${words.join('; ')}`]
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `**${title}**`, '', ...lines]

/** @param sessions the most urgent first; at least one */
export const reportMarkdown = (sessions: readonly SessionPeriod[], { from, to }: Span): string =>
  [
    `### Since ${momentText(from, to)} (${formatDuration(to - from)}): ${needText(sessions)}`,
    ...section('To look at', sessions.filter(isTrouble).map(need)),
    '',
    ...tableOf(sessions.map(cellsOf)),
    ...section(
      'Details',
      sessions.flatMap((session) => detail(session, to)),
    ),
    ...section(
      'In all',
      sumLines(sumPeriods(sessions), sessions).map((line) => `- ${line.join('; ')}`),
    ),
    '',
  ].join('\n')
