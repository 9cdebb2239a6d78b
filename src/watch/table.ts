/** The columns of the table: which there are, how wide they are, and what is in them. Pure. */
import { type Style, widthOf } from '../cli/terminal.ts'
import { fixed, type Line, type Piece, padded, plain } from './line.ts'
import { leftText, type Row } from './row.ts'

export type Columns = {
  readonly session: number
  readonly iteration: number
  /** 0: there is no room for it. */
  readonly bar: number
  readonly left: number
  readonly spark: number
  readonly heartbeat: number
  readonly reason: number
}

/** `▸*`, which row is selected and which has changed. */
const MARKERS = 2
/** `! needs you` */
const STATE = 11
const MIN_REASON = 12

type Step = { readonly from: number } & Omit<Columns, 'reason' | 'iteration'>

/** From so many columns on. `session` is the most that a name may take. */
const STEPS: readonly Step[] = [
  { from: 100, session: 28, bar: 12, left: 5, spark: 20, heartbeat: 4 },
  { from: 84, session: 20, bar: 8, left: 5, spark: 10, heartbeat: 0 },
  { from: 60, session: 14, bar: 0, left: 0, spark: 8, heartbeat: 0 },
  { from: 40, session: 12, bar: 0, left: 0, spark: 0, heartbeat: 0 },
  { from: 0, session: 8, bar: 0, left: 0, spark: 0, heartbeat: 0 },
]

const widest = (texts: readonly string[], least: number): number =>
  texts.reduce((width, text) => Math.max(width, widthOf(text)), least)

const withGap = (width: number): number => (width === 0 ? 0 : width + 1)

export const tableColumns = (rows: readonly Row[], columns: number): Columns => {
  const step = STEPS.find(({ from }) => columns >= from) as Step
  const session = Math.min(
    step.session,
    widest(
      rows.map((row) => row.session),
      7,
    ),
  )
  const iteration =
    columns < 50
      ? 0
      : Math.min(
          9,
          widest(
            rows.map((row) => row.iteration),
            4,
          ),
        )
  const { bar, left, spark, heartbeat } = step
  const before = [STATE, session, iteration, bar, left, spark, heartbeat].reduce(
    (sum, width) => sum + withGap(width),
    MARKERS,
  )
  const reason = Math.max(0, columns - before)
  return {
    session,
    iteration,
    bar,
    left,
    spark,
    heartbeat,
    reason: reason < MIN_REASON && columns >= 40 ? 0 : reason,
  }
}

const LEVELS = [...'▁▂▂▃▄▅▆▇█']

/** As wide as asked: the newest at the right, blank where nothing is known. */
export const sparkline = (levels: readonly number[], columns: number): string =>
  levels
    .slice(-columns)
    .map((level) => LEVELS[Math.max(0, Math.min(8, Math.round(level)))] ?? ' ')
    .join('')
    .padStart(columns)

/** `▓▓▓▓░░░░` */
export const bar = (fraction: number | null, columns: number): string => {
  if (fraction === null) return ' '.repeat(columns)
  const full = Math.max(0, Math.min(columns, Math.floor(fraction * columns + 1e-9)))
  return '▓'.repeat(full) + '░'.repeat(columns - full)
}

const gapped = (text: string, columns: number): string => (columns === 0 ? '' : `${padded(text, columns)} `)

export const tableHeader = (columns: Columns): Line => [
  plain(
    ' '.repeat(MARKERS) +
      gapped('STATE', STATE) +
      gapped('SESSION', columns.session) +
      gapped('ITER', columns.iteration) +
      gapped('PROGRESS', columns.bar) +
      gapped('LEFT', columns.left) +
      gapped('ACTIVITY', columns.spark) +
      gapped('BEAT', columns.heartbeat) +
      (columns.reason === 0 ? '' : 'REASON'),
    'dim',
  ),
]

export type RowMarks = { readonly isSelected: boolean; readonly isMarked: boolean }

export const tableRow = (row: Row, columns: Columns, { isSelected, isMarked }: RowMarks): Line => {
  const line: Piece[] = [
    { text: isSelected ? '▸' : ' ', width: 1 },
    { text: isMarked ? '*' : ' ', style: 'bold', width: 1 },
  ]
  /** With a gap behind it; nothing where there is no room for it. */
  const add = (text: string, width: number, style?: Style): void => {
    if (width > 0) line.push(fixed(gapped(text, width), width + 1, style))
  }
  add(`${row.symbol} ${row.label}`, STATE, row.style)
  add(row.session, columns.session, isSelected ? 'inverse' : isMarked ? 'bold' : undefined)
  add(row.iteration, columns.iteration)
  add(bar(row.progress.fraction, columns.bar), columns.bar)
  add(leftText(row.progress), columns.left)
  add(sparkline(row.levels, columns.spark), columns.spark, row.state === 'active' ? 'green' : 'dim')
  add(row.heartbeat, columns.heartbeat)
  if (columns.reason > 0) line.push({ text: row.brief })
  return line
}
