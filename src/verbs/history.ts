/** Every text that comes from the file goes through `printable`. */
import { type Style, type Terminal, truncate } from '../cli/terminal.ts'
import { JSON_OPTION, nameOf, numberOption, print, stdout, type Verb } from '../cli/verb.ts'
import { formatDuration } from '../core/duration.ts'
import { EXIT_CODES } from '../core/errors.ts'
import {
  type EventEntry,
  type HistoryEntry,
  type IterationEntry,
  isIteration,
  iterationReport,
} from '../core/history.ts'
import { changedWords } from '../core/loop/changed.ts'
import { localTime } from '../core/moment-text.ts'
import { plural } from '../core/plural.ts'
import { printable } from '../core/printable.ts'
import type { IterationResult } from '../core/record.ts'
import { formatSize } from '../core/size.ts'
import { readHistory, type StoredHistory } from '../store/history.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

type Environment = Readonly<Record<string, string | undefined>>

const RESULT_STYLES: Readonly<Record<IterationResult, Style>> = {
  ok: 'green',
  failed: 'red',
  killed: 'red',
  timeout: 'red',
  interrupted: 'yellow',
}

/** As setlocale(3) has it: the first that is set and not empty. */
export const isUtf8 = ({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean =>
  /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** As long as its fraction of the longest; what took any time has at least the thinnest one. */
export const bar = (fraction: number, width: number, blocks: boolean): string => {
  if (!(fraction > 0)) return ''
  if (!blocks) return '#'.repeat(Math.max(1, Math.round(fraction * width)))
  const eighths = Math.max(1, Math.round(fraction * width * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
}

/** Local time, to the minute; in another year than this one the year in place of the time. */
const formatMoment = (epoch: number, nowEpoch: number): string => {
  const { year, day, time } = localTime(epoch)
  return year === localTime(nowEpoch).year ? `${day} ${time}` : `${year}-${day}`
}

/** With what says more than the word: `failed 3`, `killed KILL`. */
const formatResult = ({ result, exit_code, signal }: IterationEntry): string => {
  if (signal !== null) return `${result} ${printable(signal.replace(/^SIG/, ''))}`
  return exit_code === null || exit_code === 0 ? result : `${result} ${exit_code}`
}

const EVENT_TEXTS: Readonly<Record<EventEntry['event'], string>> = {
  claimed: 'claimed',
  resumed: 'resumed',
  forced: 'forced',
  hung: 'hung',
  'active-again': 'active again',
  'needs-input': 'needs input',
  'turn-ended': 'its turn has ended',
  reaped: 'reaped',
  ended: 'ended',
}

const formatEvent = ({ generation, event, epoch, detail }: EventEntry, nowEpoch: number): string => {
  const more = detail === null || detail === '' ? '' : `: ${printable(detail)}`
  return `run ${generation} ${EVENT_TEXTS[event]} ${formatMoment(epoch, nowEpoch)}${more}`
}

/** What of an iteration does not fit into a column. */
const remarks = ({ output_lost, left_running, incident, oom }: IterationEntry): readonly string[] => [
  ...(oom === true ? ['  killed by the kernel for memory'] : []),
  ...(output_lost > 0 ? [`  ${formatSize(output_lost)} of output could not be written and are lost`] : []),
  ...(left_running > 0 ? [`  left ${left_running} running in the background`] : []),
  ...(incident === null ? [] : [`  incident: ${printable(incident)}`]),
]

const COLUMNS = ['RUN', 'ITERATION', 'START', 'DURATION', 'RESULT', 'QUIET', 'SIZE', 'CHANGED'] as const
type Column = (typeof COLUMNS)[number]

/** What was changed is a column where it is known of any. */
const columnsOf = (iterations: readonly IterationEntry[]): readonly Column[] =>
  iterations.some(({ changed }) => changed !== null)
    ? COLUMNS
    : COLUMNS.filter((column) => column !== 'CHANGED')

type Row = Readonly<Record<Column, string>>

const GAP = '  '
/** Columns of a bar. */
const BAR = { least: 4, most: 20 } as const
/** Where the width is unknown. */
const DEFAULT_COLUMNS = 80

const rowOf = (entry: IterationEntry, nowEpoch: number): Row => ({
  RUN: String(entry.generation),
  ITERATION: String(entry.iteration),
  START: formatMoment(entry.started_epoch, nowEpoch),
  DURATION: formatDuration(entry.duration),
  RESULT: formatResult(entry),
  QUIET: formatDuration(entry.longest_quiet),
  SIZE: formatSize(entry.output_bytes),
  CHANGED: changedWords(entry.changed),
})

type Widths = Record<Column, number>

/** The duration's cell has the bar behind its text, as wide as there is room. */
const widthsOf = (
  rows: readonly Row[],
  shown: readonly Column[],
  columns: number,
): Widths & { readonly bar: number } => {
  const widest = (column: Column, least: number): number =>
    rows.reduce((most, row) => Math.max(most, row[column].length), least)
  const widths = Object.fromEntries(
    shown.map((column) => [column, widest(column, column === 'DURATION' ? 0 : column.length)]),
  ) as Widths
  const used = Object.values(widths).reduce((sum, width) => sum + width + GAP.length, ' '.length - GAP.length)
  const room = (Number.isFinite(columns) ? columns : DEFAULT_COLUMNS) - used
  return { ...widths, bar: Math.min(Math.max(room, BAR.least), BAR.most) }
}

/**
 * The table of iterations, with what happened to the run between them.
 *
 * @param nowEpoch its year is left out
 */
export const renderHistory = (
  entries: readonly HistoryEntry[],
  terminal: Terminal,
  env: Environment,
  nowEpoch: number,
): string => {
  const { paint, columns } = terminal
  const blocks = isUtf8(env)
  const iterations = entries.filter(isIteration)
  const rows = new Map(iterations.map((entry) => [entry, rowOf(entry, nowEpoch)]))
  const shown = columnsOf(iterations)
  const widths = widthsOf([...rows.values()], shown, columns)
  const longest = iterations.reduce((most, { duration }) => Math.max(most, duration), 0)
  const durationWidth = Math.max('DURATION'.length, widths.DURATION + ' '.length + widths.bar)

  const padded = (column: Column, text: string): string =>
    text.padEnd(column === 'DURATION' ? durationWidth : widths[column])
  const line = (entry: IterationEntry, row: Row): string =>
    shown
      .map((column) => {
        if (column === shown.at(-1)) return row[column]
        const text = padded(column, row[column])
        if (column === 'RESULT')
          return text.replace(row.RESULT, paint(RESULT_STYLES[entry.result], row.RESULT))
        if (column !== 'DURATION') return text
        const drawn = bar(entry.duration / longest, widths.bar, blocks)
        return padded('DURATION', `${row.DURATION.padEnd(widths.DURATION)} ${drawn}`)
      })
      .join(GAP)
  const remark = (text: string): string =>
    paint('dim', Number.isFinite(columns) ? truncate(text, columns) : text)

  const lines = entries.flatMap((entry) => {
    if (entry.kind === 'event') return [remark(formatEvent(entry, nowEpoch))]
    return [line(entry, rows.get(entry) as Row), ...remarks(entry).map(remark)]
  })
  const header = shown.map((title) => paint('dim', title) + padded(title, title).slice(title.length))
  if (iterations.length > 0) lines.unshift(header.join(GAP).trimEnd())
  return lines.map((text) => `${text}\n`).join('')
}

const DEFAULT_ITERATIONS = 100

/**
 * The last iterations, with the events between them and right before them.
 *
 * @param count `null` for all
 */
export const lastIterations = (
  entries: readonly HistoryEntry[],
  count: number | null,
): { readonly entries: readonly HistoryEntry[]; readonly left: number } => {
  const places: number[] = []
  entries.forEach((entry, place) => {
    if (isIteration(entry)) places.push(place)
  })
  if (count === null || places.length <= count) return { entries, left: 0 }
  const before = places[places.length - count - 1] ?? 0
  return { entries: entries.slice(before + 1), left: places.length - count }
}

/** One line for each: a long list is written and read three times as fast, and can be looked through with grep. */
const printList = (values: readonly unknown[]): void =>
  print(values.length === 0 ? '[]\n' : `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]\n`)

const reportProblems = (world: World, { skipped, torn, problem }: StoredHistory): void => {
  if (problem !== null) world.notify(problem)
  if (skipped > 0) world.notify(`${plural(skipped, 'line')} of the history cannot be read`)
  if (torn) world.notify('the last line of the history was cut off, as by a crash')
}

export const verb: Verb = {
  describe: 'list the last iterations: duration, result, output size, changes',
  positionals: ['NAME'],
  options: {
    iterations: {
      type: 'string',
      alias: 'n',
      value: 'N',
      describe: `the last N iterations (default ${DEFAULT_ITERATIONS}; with --json all)`,
    },
    all: { type: 'boolean', describe: 'all iterations' },
    json: JSON_OPTION,
  },
  examples: [
    ['lock.sh history nightly', 'the last iterations'],
    ['lock.sh history nightly --json -n 1', 'only the last one, for a script'],
  ],
  run: (world, args) => {
    const name = nameOf(args)
    const given = numberOption(args, 'iterations', 1)
    const json = args.flag('json')
    checkLockDir(world.lockDir)
    const stored = readHistory(world.paths(name))
    reportProblems(world, stored)
    const count = args.flag('all') ? null : (given ?? (json ? null : DEFAULT_ITERATIONS))
    const { entries, left } = lastIterations(stored.entries, count)
    if (json) {
      printList(entries.filter(isIteration).map(iterationReport))
    } else if (entries.length > 0) {
      if (left > 0) world.notify(`${plural(left, 'earlier iteration')}: --all`)
      print(renderHistory(entries, stdout(world), world.env, world.clock.epoch()))
    } else if (stored.problem === null) {
      world.notify(`there is no history of ${name} yet`)
    }
    return stored.problem === null ? 0 : EXIT_CODES.io
  },
}
