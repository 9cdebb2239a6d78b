/**
 * From what is known to the lines of a screen. Pure: as many lines as the screen has, none wider than it.
 *
 * Narrow screens have the selected session below the table, wide ones beside it.
 */
import { fillLines, type Style, type Terminal, truncate, widthOf, wrapWords } from '../cli/terminal.ts'
import { statusCounts } from '../core/status-segment.ts'
import { cell, type Line, lineOf, padded, plain } from './line.ts'
import { leftWords, type Row } from './row.ts'
import {
  type Action,
  KEYS,
  type Mode,
  type Preview,
  selectedRow,
  shownRows,
  type WatchState,
} from './state.ts'
import { tableColumns, tableHeader, tableRow } from './table.ts'

export type Size = { readonly columns: number; readonly rows: number }

/** What the screen shows beside the state. */
export type Scene = {
  readonly size: Size
  readonly paint: Terminal['paint']
  /** Cuts text that has colours of its own. */
  readonly cut: (text: string, columns: number) => string
  /** As `12:34:56`. */
  readonly clock: string
  readonly lockDir: string
}

const WIDE_COLUMNS = 130
/** Of a wide screen: the table's part. */
const TABLE_FRACTION = 0.58
/** Fewer leave no room for a preview. */
const MIN_PREVIEW_ROWS = 14
const REASON_ROWS = 3
/** Of the selected session: with fewer there is no room for what to do next. */
const MIN_DETAIL_ROWS = 5
const NEXT = 'next: '

const QUESTIONS = {
  interrupt: 'end the iteration of',
  stop: 'stop',
  force: 'end by force the owner of, and continue',
  reap: 'end what is left of, and free',
} as const

const headLine = (state: WatchState, { size, clock, lockDir }: Scene): Line => {
  const counts = statusCounts(state.rows.map(({ symbol }) => symbol))
  const filter = state.filter === '' ? '' : `  /${state.filter}`
  const left = `sessions  ${counts === '' ? 'none' : counts}${filter}`
  const room = size.columns - widthOf(left) - widthOf(clock) - 4
  const dir = room > 10 ? truncate(lockDir, room) : ''
  const gap = ' '.repeat(Math.max(1, size.columns - widthOf(left) - widthOf(dir) - widthOf(clock) - 2))
  return [plain(left, 'bold'), plain(gap), plain(dir, 'dim'), plain('  '), plain(clock, 'dim')]
}

/** The most needed first: what does not fit is left out. */
const SHORT_KEYS = [
  ...['? help', 'q quit', '↑↓ select', 'Enter attach', 'w why', 'l logs', 'h history'],
  ...['/ filter', 'i s f r act'],
]
const PAGE_KEYS = ['q back', '↑↓ PgUp PgDn move']

const keysLine = (keys: readonly string[], columns: number): Line => {
  const [line = ''] = fillLines(keys, '  ', columns)
  return [plain(line, 'dim')]
}

const sentenceLine = (text: string, columns: number, style: Style): Line => [
  plain(wrap(text, columns, 1).join(), style),
]

/** In a narrow terminal what is asked is said in short. */
const questionLine = (state: WatchState, action: Action, session: string, columns: number): Line => {
  const isDead = state.rows.find((row) => row.session === session)?.state === 'dead'
  const question = `${action === 'force' && isDead ? 'continue' : QUESTIONS[action]} ${session}?`
  const answers = '  y does it, any other key does not'
  return widthOf(question) + widthOf(answers) <= columns
    ? [plain(question, 'bold'), plain(answers)]
    : [plain('y or n: '), plain(`${action} ${session}?`, 'bold')]
}

const footLine = (state: WatchState, columns: number): Line => {
  const { mode, filter, message, problem } = state
  if (mode.kind === 'filter')
    return [plain(`/${filter}`), plain(' ', 'inverse'), plain('  Enter keeps it, Escape ends it', 'dim')]
  if (mode.kind === 'confirm') return questionLine(state, mode.action, mode.session, columns)
  if (problem !== null) return sentenceLine(problem, columns, 'red')
  if (message !== null) return sentenceLine(message.text, columns, 'bold')
  return keysLine(mode.kind === 'page' ? PAGE_KEYS : SHORT_KEYS, columns)
}

/** At most `rows` lines of whole words; what does not fit is cut. */
export const wrap = (text: string, columns: number, rows: number): readonly string[] => {
  const lines = wrapWords(text, columns)
  const shown = lines.slice(0, rows)
  const last = shown.at(-1)
  if (lines.length > rows && last !== undefined) shown[rows - 1] = `${last} …`
  return shown.map((one) => truncate(one, columns))
}

/** The lines of a page: one that is too wide goes on in the next. */
export const unfolded = (line: string, columns: number): readonly string[] =>
  widthOf(line) <= columns ? [line] : wrap(line, columns, Number.POSITIVE_INFINITY)

const rule = (title: string, columns: number): Line => {
  const text = truncate(title, Math.max(1, columns - 4))
  return [
    plain('─ ', 'dim'),
    plain(text, 'bold'),
    plain(` ${'─'.repeat(Math.max(0, columns - widthOf(text) - 3))}`, 'dim'),
  ]
}

const titleOf = (row: Row): string => {
  const run = row.generation === null ? [] : [`run ${row.generation}`, `iteration ${row.iteration}`]
  const left = leftWords(row.progress, row.iteration.endsWith('∞'))
  return [`${row.session} ${row.label}`, ...run, ...(left === '' ? [] : [left])].join(', ')
}

const previewLines = (preview: Preview | null, row: Row, { size, cut }: Part): readonly Line[] => {
  if (size.rows <= 1) return []
  if (preview === null || preview.session !== row.session) return [[plain('…', 'dim')]]
  if (preview.lines.length === 0) return [[plain('nothing was printed yet, or nothing is kept of it', 'dim')]]
  const shown = preview.lines.slice(-(size.rows - 1))
  return [
    [plain(preview.source, 'dim')],
    ...shown.map((text): Line => [{ text: cut(text, size.columns), isPainted: true }]),
  ]
}

type Part = Pick<Scene, 'size' | 'cut'>

/** What to do, as far as there is room for it. */
const nextLine = (keys: readonly string[], columns: number): Line => {
  const [line = ''] = fillLines(keys, ', ', columns - NEXT.length)
  return [plain(NEXT, 'dim'), plain(line)]
}

/** The selected session: who it is, its reason in full, its screen. */
const detail = (state: WatchState, { size, cut }: Part): readonly Line[] => {
  const row = selectedRow(state)
  if (row === undefined) return []
  const reason = wrap(row.reason, size.columns, Math.min(REASON_ROWS, Math.max(1, size.rows - 4)))
  const head: readonly Line[] = [
    rule(titleOf(row), size.columns),
    ...reason.map((text): Line => [plain(text)]),
    ...(row.next.length > 0 && size.rows > MIN_DETAIL_ROWS ? [nextLine(row.next, size.columns)] : []),
  ]
  const left = { columns: size.columns, rows: size.rows - head.length }
  return [...head, ...previewLines(state.preview, row, { size: left, cut })]
}

const emptyLine = (state: WatchState, lockDir: string): Line => {
  if (state.rows.length > 0) return [plain(`no session matches ${state.filter}`, 'dim')]
  if (state.isGone) return [plain(`${lockDir} is gone, and all that was known of its sessions`, 'red')]
  return [plain(`no sessions in ${lockDir} yet; engine.sh run NAME -- COMMAND starts one`, 'dim')]
}

/** The part of the rows that has the selected one in it. */
const visible = (state: WatchState, count: number): readonly Row[] => {
  const rows = shownRows(state)
  const index = rows.findIndex(({ session }) => session === state.selected)
  const top = Math.max(0, Math.min(index - Math.floor(count / 2), rows.length - count))
  return rows.slice(top, top + count)
}

const tableLines = (state: WatchState, size: Size, lockDir: string): readonly Line[] => {
  const rows = shownRows(state)
  const columns = tableColumns(rows, size.columns)
  if (rows.length === 0) return [tableHeader(columns), emptyLine(state, lockDir)]
  const shown = visible(state, Math.max(1, size.rows - 1))
  return [
    tableHeader(columns),
    ...shown.map((row) =>
      tableRow(row, columns, {
        isSelected: row.session === state.selected,
        isMarked: state.marks.has(row.session),
      }),
    ),
  ]
}

/** Rows of the table, of those between head and foot, where the preview is below it. */
const tableHeight = (state: WatchState, rows: number): number => {
  if (rows < MIN_PREVIEW_ROWS) return rows
  return Math.min(Math.max(2, shownRows(state).length + 1), Math.ceil(rows / 2))
}

const body = (state: WatchState, { size, lockDir, cut, paint }: Scene): readonly Line[] => {
  const rows = Math.max(0, size.rows - 2)
  const { columns } = size
  if (columns < WIDE_COLUMNS) {
    const height = tableHeight(state, rows)
    const table = tableLines(state, { columns, rows: height }, lockDir)
    const below =
      height < rows
        ? detail(state, { cut, size: { columns, rows: rows - Math.min(height, table.length) } })
        : []
    return [...table, ...below]
  }
  const left = Math.floor(columns * TABLE_FRACTION)
  const table = tableLines(state, { columns: left, rows }, lockDir)
  const beside = detail(state, { cut, size: { columns: columns - left - 3, rows } })
  return Array.from({ length: rows }, (_, index) => [
    cell(table[index] ?? [], left, paint),
    plain(' │ ', 'dim'),
    ...(beside[index] ?? []),
  ])
}

const KEY_COLUMNS = 14
const SYMBOLS = ['● active', '◌ hung', '✗ dead', '○ free', '? unknown', '! needs you', '* changed just now']
const SPARKLINE = '▁▂▃▄▅▆▇█ activity of the last minutes, the newest at the right'

/** The page that says what the keys do. */
export const helpLines = (columns: number): readonly string[] => [
  ...KEYS.flatMap(([key, meaning]) =>
    unfolded(meaning, Math.max(1, columns - KEY_COLUMNS)).map(
      (text, index) => padded(index === 0 ? key : '', KEY_COLUMNS) + text,
    ),
  ),
  '',
  ...fillLines(SYMBOLS, '  ', columns),
  ...unfolded(SPARKLINE, columns),
]

const pageLines = (mode: Extract<Mode, { kind: 'page' }>, { columns, rows }: Size): readonly Line[] => {
  const { lines } = mode
  const room = Math.max(1, rows - 3)
  const shown = lines.slice(mode.top, mode.top + room)
  const where =
    lines.length > room ? ` (${mode.top + 1} to ${mode.top + shown.length} of ${lines.length})` : ''
  return [rule(`${mode.title}${where}`, columns), ...shown.map((text): Line => [plain(text)])]
}

/** Lines of a page that fit on the screen, or rows of the table. */
export const pageRows = (state: WatchState, { rows }: Size): number => {
  if (state.mode.kind === 'page') return Math.max(1, rows - 3)
  return Math.max(1, tableHeight(state, Math.max(0, rows - 2)) - 1)
}

/** Exactly `size.rows` lines of text for a terminal, none wider than `size.columns`. */
export const layout = (state: WatchState, scene: Scene): readonly string[] => {
  const { size, paint } = scene
  const middle = state.mode.kind === 'page' ? pageLines(state.mode, size) : body(state, scene)
  const height = Math.max(0, size.rows - 2)
  const lines = [headLine(state, scene), ...middle.slice(0, height)]
  while (lines.length < size.rows - 1) lines.push([])
  return [...lines, footLine(state, size.columns)]
    .slice(-size.rows)
    .map((line) => lineOf(line, size.columns, paint))
}
