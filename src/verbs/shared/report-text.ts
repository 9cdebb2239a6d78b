/** `lock.sh report` for a terminal. Every text that comes from a record or a history goes through `printable`. */
import {
  type Cell,
  fillLines,
  type Style,
  type Terminal,
  table,
  truncate,
  widthOf,
} from '../../cli/terminal.ts'
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
  timeWords,
} from './report-words.ts'
import { ago, STATE_STYLES } from './session-words.ts'

const INDENT = '  '
const SEPARATOR = '; '

/** Pieces that stay whole where they fit on a line. */
const wrapped = (pieces: readonly string[], columns: number): readonly string[] => {
  const room = columns - INDENT.length
  return fillLines(pieces, SEPARATOR, room).map((line) => truncate(line, room))
}

const styleOf = ({ attention, state, ended }: SessionPeriod): Style => {
  if (attention !== null || (state === 'free' && ended?.reason === 'failed')) return 'red'
  return STATE_STYLES[state]
}

type Column = { readonly title: string; readonly cell: (session: SessionPeriod) => Cell }

const MIN_NAME_WIDTH = 16
const NAME_FRACTION = 0.25

const headColumns = (columns: number): readonly Column[] => [
  {
    title: 'SESSION',
    cell: ({ session }) => ({
      text: truncate(session, Math.max(MIN_NAME_WIDTH, Math.floor(columns * NAME_FRACTION))),
    }),
  },
  { title: 'STATE', cell: (session) => ({ text: stateWord(session), style: styleOf(session) }) },
  { title: 'ITERATIONS', cell: ({ iterations }) => ({ text: iterationsWord(iterations) }) },
]

const CHANGED: Column = {
  title: 'CHANGED',
  cell: ({ changed, iterations }) => ({ text: changedWord(changed, iterations) }),
}

const TIMES: readonly Column[] = (['active', 'waiting', 'hung'] as const).map((kind) => ({
  title: kind.toUpperCase(),
  cell: ({ seconds }) => ({ text: timeWord(seconds, kind) }),
}))

const GAP = 2

const widthOfTable = (columns: readonly Column[], sessions: readonly SessionPeriod[]): number =>
  columns.reduce(
    (sum, { title, cell }) =>
      sum + GAP + Math.max(title.length, ...sessions.map((session) => widthOf(cell(session).text))),
    -GAP,
  )

type Shown = { readonly changed: boolean; readonly times: boolean }

/** What is worth a remark. What has no column is said here, too. */
const notes = (session: SessionPeriod, shown: Shown, now: number): readonly string[] => {
  const { iterations, changed, seconds, hung_causes: causes, incidents } = session
  const what = changedWord(changed, iterations)
  const hung = hungWords(causes).join(', ')
  return [
    ...(shown.changed || what === '-' ? [] : [what]),
    ...(shown.times ? [] : timeWords(seconds)),
    ...resultWords(iterations),
    ...(hung === '' ? [] : [`hung: ${hung}`]),
    ...askedWords(session.asked),
    ...ownerWords(session.owners, now),
    ...(incidents.length === 0 ? [] : [plural(incidents.length, 'incident')]),
  ]
}

const notesColumn = (now: number): Column => ({
  title: 'NOTES',
  cell: (session) => ({ text: notes(session, { changed: true, times: true }, now).join(SEPARATOR) }),
})

type Layout = {
  readonly columns: readonly Column[]
  /** The notes that stand below the session's row. */
  readonly below: (session: SessionPeriod) => readonly string[]
}

/** The first that fits: the less room there is for columns, the more is said below the rows. */
const layoutFor = (sessions: readonly SessionPeriod[], width: number, now: number): Layout => {
  const head = headColumns(width)
  const below = (shown: Shown) => (session: SessionPeriod) => notes(session, shown, now)
  const narrowest = { columns: head, below: below({ changed: false, times: false }) }
  const layouts: readonly Layout[] = [
    { columns: [...head, CHANGED, ...TIMES, notesColumn(now)], below: () => [] },
    { columns: [...head, CHANGED, ...TIMES], below: below({ changed: true, times: true }) },
    { columns: [...head, CHANGED], below: below({ changed: true, times: false }) },
  ]
  return layouts.find(({ columns }) => widthOfTable(columns, sessions) <= width) ?? narrowest
}

/** Of one that somebody should look at: why, and the command that makes sense next, on one line where they fit. */
const needs = (session: SessionPeriod, width: number): readonly string[] => {
  if (!isTrouble(session)) return []
  const reason = printable(session.reason)
  if (session.next === null) return [reason]
  const { command, purpose } = session.next
  const step = `→ ${printable(command)}`
  const full = `${step}   (${purpose})`
  if (widthOf(reason) + GAP + widthOf(full) <= width) return [`${reason}  ${full}`]
  return [reason, widthOf(full) <= width ? full : step]
}

/** @param sessions the most urgent first; at least one */
export const reportText = (sessions: readonly SessionPeriod[], period: Span, terminal: Terminal): string => {
  const { columns: width, paint } = terminal
  const { from, to } = period
  const room = width - INDENT.length
  const layout = layoutFor(sessions, width, to)
  const rows = sessions.map((session) => layout.columns.map(({ cell }) => cell(session)))
  const titles = layout.columns.map(({ title }) => title)
  const [header = '', ...lines] = table(titles, rows, terminal).split('\n')
  const below = (session: SessionPeriod): readonly string[] => [
    ...needs(session, room).map((line) => truncate(line, room)),
    ...wrapped(layout.below(session), width).map((line) => paint('dim', line)),
  ]
  const title = `Since ${momentText(from, to)}, ${ago(to - from)} ago: ${needText(sessions)}`
  return [
    paint('bold', truncate(title, width)),
    '',
    header,
    ...sessions.flatMap((session, index) => [
      (lines[index] ?? '').trimEnd(),
      ...below(session).map((line) => `${INDENT}${line}`),
    ]),
    '',
    ...sumLines(sumPeriods(sessions), sessions).flatMap((line) => wrapped(line, width)),
    '',
  ].join('\n')
}
