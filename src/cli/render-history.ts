/** The table of iterations, with what happened to the run between them. */
import { formatDuration } from '../core/duration.ts'
import type { EventEntry, HistoryEntry, IterationEntry } from '../core/history.ts'
import { printable } from '../core/printable.ts'
import type { IterationResult } from '../core/record.ts'
import { formatSize } from '../core/size.ts'
import { type Style, type Terminal, truncate } from './terminal.ts'

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

const two = (n: number): string => (n < 10 ? `0${n}` : String(n))

/** Offsets of time zones are multiples of it: within one, only the minute moves. */
const BUCKET_SECONDS = 900

/**
 * Moments in local time, to the minute; one of another year has the year in place of the time.
 *
 * Remembers the buckets that it has met: a Date costs more than all the rest of a row.
 */
const moments = (nowEpoch: number): ((epoch: number) => string) => {
  const thisYear = new Date(nowEpoch * 1000).getFullYear()
  const known = new Map<number, { readonly text: string; readonly minute: number | null }>()
  return (epoch) => {
    const number = Math.floor(epoch / BUCKET_SECONDS)
    let bucket = known.get(number)
    if (bucket === undefined) {
      const date = new Date(number * BUCKET_SECONDS * 1000)
      const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
      bucket =
        date.getFullYear() === thisYear
          ? { text: `${day} ${two(date.getHours())}:`, minute: date.getMinutes() }
          : { text: `${date.getFullYear()}-${day}`, minute: null }
      known.set(number, bucket)
    }
    const { text, minute } = bucket
    return minute === null ? text : text + two(minute + Math.floor((epoch % BUCKET_SECONDS) / 60))
  }
}

/** With what says more than the word: `failed 3`, `killed KILL`. */
const resultText = ({ result, exit_code, signal }: IterationEntry): string => {
  if (signal !== null) return `${result} ${printable(signal.replace(/^SIG/, ''))}`
  return exit_code === null || exit_code === 0 ? result : `${result} ${exit_code}`
}

/** Makes one for each kind of end: there are few, for any number of iterations. */
const forEachEnd = <Made>(make: (entry: IterationEntry) => Made): ((entry: IterationEntry) => Made) => {
  const known = new Map<IterationResult, Map<string | number | null, Made>>()
  return (entry) => {
    const more = entry.signal ?? entry.exit_code
    const ofResult = known.get(entry.result) ?? new Map<string | number | null, Made>()
    if (ofResult.size === 0) known.set(entry.result, ofResult)
    const found = ofResult.get(more)
    if (found !== undefined) return found
    const made = make(entry)
    ofResult.set(more, made)
    return made
  }
}

const EVENT_WORDS: Readonly<Record<EventEntry['event'], string>> = {
  claimed: 'claimed',
  resumed: 'resumed',
  forced: 'forced',
  hung: 'hung',
  'active-again': 'active again',
  reaped: 'reaped',
  ended: 'ended',
}

const describeEvent = ({ generation, event, detail }: EventEntry, when: string): string => {
  const more = detail === null || detail === '' ? '' : `: ${printable(detail)}`
  return `run ${generation} ${EVENT_WORDS[event]} ${when}${more}`
}

/** What of an iteration does not fit into a column. */
const remarks = ({ output_lost, left_running, incident }: IterationEntry): readonly string[] => {
  if (output_lost === 0 && left_running === 0 && incident === null) return []
  return [
    ...(output_lost > 0 ? [`  ${formatSize(output_lost)} of output could not be written and are lost`] : []),
    ...(left_running > 0 ? [`  left ${left_running} running in the background`] : []),
    ...(incident === null ? [] : [`  incident: ${printable(incident)}`]),
  ]
}

const HEADER = ['RUN', 'ITERATION', 'START', 'DURATION', 'RESULT', 'QUIET', 'SIZE'] as const
const GAP = '  '
/** Columns of a bar. */
const BAR = { least: 4, most: 20 } as const
/** Where the width is unknown. */
const DEFAULT_COLUMNS = 80

const DAY_SECONDS = 86_400

/** At least as wide as every duration up to this one is in words. */
const widthOfDurations = (longest: number): number => {
  if (longest < 59.5) return '9.9s'.length
  if (longest < DAY_SECONDS) return '59m 59s'.length
  return `${Math.floor(longest / DAY_SECONDS)}d 23h`.length
}

type Layout = {
  /** Of the columns, in order. */
  readonly widths: [number, number, number, number, number, number, number]
  /** Of the words for a duration, and of the bar behind them. */
  readonly duration: number
  readonly bar: number
}

/** From numbers alone, so that no row is written down twice, or kept: there may be ten thousand. */
const layoutOf = (iterations: readonly IterationEntry[], longest: number, columns: number): Layout => {
  let [run, iteration, quiet, result] = [0, 0, 0, 'RESULT'.length]
  const text = forEachEnd(resultText)
  for (const entry of iterations) {
    if (entry.generation > run) run = entry.generation
    if (entry.iteration > iteration) iteration = entry.iteration
    if (entry.longest_quiet > quiet) quiet = entry.longest_quiet
    result = Math.max(result, text(entry).length)
  }
  const duration = widthOfDurations(longest)
  const widths: Layout['widths'] = [
    Math.max('RUN'.length, String(run).length),
    Math.max('ITERATION'.length, String(iteration).length),
    '01-31 23:59'.length,
    duration + ' '.length,
    result,
    Math.max('QUIET'.length, widthOfDurations(quiet)),
    '99.9 MB'.length,
  ]
  const used = widths.reduce((sum, width) => sum + width + GAP.length, 0) - GAP.length
  const room = (Number.isFinite(columns) ? columns : DEFAULT_COLUMNS) - used
  const bar = Math.min(Math.max(room, BAR.least), BAR.most)
  widths[3] = Math.max('DURATION'.length, widths[3] + bar)
  return { widths, duration, bar }
}

const SPACES = Array.from({ length: 64 }, (_, count) => ' '.repeat(count))

/** String.padEnd makes three texts for one. */
const padded = (text: string, width: number): string => text + (SPACES[width - text.length] ?? '')

/** Durations that are shown alike are written down once: most of ten thousand are. */
const durationCells = (width: number): ((seconds: number) => string) => {
  const known = new Map<number, string>()
  return (seconds) => {
    // What formatDuration rounds to: tenths below ten seconds, whole seconds above.
    const key = seconds < 9.95 ? Math.round(seconds * 10) : 100 + Math.round(seconds)
    const found = known.get(key)
    if (found !== undefined) return found
    const made = padded(formatDuration(seconds), width)
    known.set(key, made)
    return made
  }
}

/** A long text that grows piece by piece costs more than all its pieces: V8 keeps every one until it is read. */
const BLOCK_CHARACTERS = 16 * 1024

/**
 * The table of iterations, with what happened to the run between them, in blocks of whole lines.
 *
 * @param nowEpoch its year is left out
 */
export function* renderHistory(
  entries: readonly HistoryEntry[],
  terminal: Terminal,
  env: Environment,
  nowEpoch: number,
): Generator<string, void, undefined> {
  const { paint, columns } = terminal
  const blocks = isUtf8(env)
  const momentOf = moments(nowEpoch)
  const iterations = entries.filter((entry) => entry.kind === 'iteration')
  const longest = iterations.reduce((most, { duration }) => Math.max(most, duration), 0)
  const { widths, ...layout } = layoutOf(iterations, longest, columns)
  const [run, iteration, start, duration, result, quiet] = widths

  const durationOf = durationCells(layout.duration + ' '.length)
  const quietOf = durationCells(quiet + GAP.length)
  const steps = layout.bar * EIGHTHS.length
  const bars = Array.from({ length: steps + 1 }, (_, step) =>
    padded(bar(step / steps, layout.bar, blocks), duration - layout.duration - ' '.length + GAP.length),
  )
  const barOf = (seconds: number): string =>
    bars[longest > 0 ? Math.ceil((seconds / longest) * steps) : 0] ?? ''
  const resultOf = forEachEnd((entry) => {
    const text = resultText(entry)
    return paint(RESULT_STYLES[entry.result], text) + padded('', result - text.length + GAP.length)
  })
  const line = (entry: IterationEntry): string =>
    padded(String(entry.generation), run + GAP.length) +
    padded(String(entry.iteration), iteration + GAP.length) +
    padded(momentOf(entry.started_epoch), start + GAP.length) +
    durationOf(entry.duration) +
    barOf(entry.duration) +
    resultOf(entry) +
    quietOf(entry.longest_quiet) +
    formatSize(entry.output_bytes)
  const remark = (text: string): string =>
    `${paint('dim', Number.isFinite(columns) ? truncate(text, columns) : text)}\n`

  const header = HEADER.map(
    (title, column) => paint('dim', title) + padded('', (widths[column] ?? 0) - title.length),
  )
  let block = iterations.length === 0 ? '' : `${header.join(GAP).trimEnd()}\n`
  for (const entry of entries) {
    if (entry.kind === 'event') {
      block += remark(describeEvent(entry, momentOf(entry.epoch)))
    } else {
      block += `${line(entry)}\n`
      for (const text of remarks(entry)) block += remark(text)
    }
    if (block.length > BLOCK_CHARACTERS) {
      yield block
      block = ''
    }
  }
  yield block
}
