/**
 * `NAME/history.jsonl`: what the iterations and runs of a session were, one JSON line each, in the order in which
 * they ended.
 *
 * Pure. `encodeEntry` and `parseHistory` are inverse on valid entries. A line that is not one is counted and passed
 * over; the fields that it has beside the known ones are ignored. Epochs are Unix seconds, durations are seconds,
 * sizes are bytes.
 */
import { type Changed, isChanged } from './loop/changed.ts'
import { type IterationResult, RESULTS } from './record.ts'

/** What a guard sees of a worker. */
export const WORKER_EVENTS = ['hung', 'active-again', 'needs-input', 'turn-ended'] as const

export const EVENTS = ['claimed', 'resumed', 'forced', ...WORKER_EVENTS, 'reaped', 'ended'] as const
export type RunEvent = (typeof EVENTS)[number]

export type IterationEntry = {
  readonly kind: 'iteration'
  readonly generation: number
  readonly iteration: number
  readonly started_epoch: number
  readonly duration: number
  readonly result: IterationResult
  /** The command's own; `null` when a signal ended it, or its end was not observed. */
  readonly exit_code: number | null
  readonly signal: string | null
  readonly beats: number
  readonly longest_quiet: number
  readonly output_bytes: number
  /** Lost to errors of the disk; what is beyond `--log-limit` is not. */
  readonly output_lost: number
  /** Processes that the command left in the background. */
  readonly left_running: number
  /** The path of a bundle. */
  readonly incident: string | null
  /** `null` when it was not looked at, or could not be seen; so in lines of older versions. */
  readonly changed: Changed | null
  /** The kernel has ended the worker, or a process of it, for memory. */
  readonly oom?: true
}

export type EventEntry = {
  readonly kind: 'event'
  readonly generation: number
  readonly epoch: number
  readonly event: RunEvent
  /** The one in which it happened; 0 before the first. */
  readonly iteration: number
  readonly detail: string | null
}

export type HistoryEntry = IterationEntry | EventEntry

export const isIteration = (entry: HistoryEntry): entry is IterationEntry => entry.kind === 'iteration'

/** Unix seconds. */
export const endOf = ({ started_epoch, duration }: IterationEntry): number => started_epoch + duration

export type History = {
  readonly entries: readonly HistoryEntry[]
  /** Whole lines that are no entry of a kind known here. */
  readonly skipped: number
  /** The last line was cut off, as by a crash. */
  readonly torn: boolean
}

export const encodeEntry = (entry: HistoryEntry): string => `${JSON.stringify(entry)}\n`

type Fields = Readonly<Record<string, unknown>>

const MAX_COUNT = 1e15
const isCount = (v: unknown): boolean =>
  Number.isInteger(v) && (v as number) >= 0 && (v as number) < MAX_COUNT
const isNatural = (v: unknown): boolean => isCount(v) && v !== 0
const isSeconds = (v: unknown): boolean => typeof v === 'number' && v >= 0 && v < Number.POSITIVE_INFINITY
const isFilledOrNull = (v: unknown): boolean => v === null || (typeof v === 'string' && v !== '')

const isIterationLine = (v: Fields): boolean =>
  isNatural(v.generation) &&
  isNatural(v.iteration) &&
  isSeconds(v.started_epoch) &&
  isSeconds(v.duration) &&
  (RESULTS as readonly unknown[]).includes(v.result) &&
  (v.exit_code === null || (isCount(v.exit_code) && (v.exit_code as number) < 256)) &&
  isFilledOrNull(v.signal) &&
  isCount(v.beats) &&
  isSeconds(v.longest_quiet) &&
  isCount(v.output_bytes) &&
  isCount(v.output_lost) &&
  isCount(v.left_running) &&
  isFilledOrNull(v.incident) &&
  (v.changed === undefined || v.changed === null || isChanged(v.changed))

const isEventLine = (v: Fields): boolean =>
  isNatural(v.generation) &&
  isSeconds(v.epoch) &&
  (EVENTS as readonly unknown[]).includes(v.event) &&
  isCount(v.iteration) &&
  (v.detail === null || typeof v.detail === 'string')

/** `null` when it is none that is known here. */
const entryOf = (value: unknown): HistoryEntry | null => {
  if (typeof value !== 'object' || value === null) return null
  const fields = value as Fields
  if (fields.kind === 'event') return isEventLine(fields) ? (value as EventEntry) : null
  if (fields.kind !== 'iteration' || !isIterationLine(fields)) return null
  return fields.changed === undefined
    ? { ...(value as IterationEntry), changed: null }
    : (value as IterationEntry)
}

/** `undefined` when it is not JSON at all. */
const parseLine = (line: string): HistoryEntry | null | undefined => {
  try {
    return entryOf(JSON.parse(line))
  } catch {
    return undefined
  }
}

const NATURAL = '([1-9]\\d{0,14})'
const COUNT = '(0|[1-9]\\d{0,14})'
const SECONDS = '((?:0|[1-9]\\d{0,14})(?:\\.\\d{1,20})?)'
/** Without anything that JSON would have to escape. */
const PLAIN_OR_NULL = '(?:null|"([ !#-\\[\\]-~]{1,4096})")'

/** Left out by older versions. */
const CHANGED = `(?:,"changed":(?:null|{"commits":${COUNT},"files":${COUNT},"head_moved":(true|false),"notes":${COUNT},"output":${COUNT}}))?`

/**
 * An iteration just as `encodeEntry` writes it. JSON.parse and the checks take twice as long, and a history may have
 * ten thousand lines. Any other spelling goes that way.
 */
const ITERATION_LINE = new RegExp(
  [
    '{"kind":"iteration"',
    `"generation":${NATURAL}`,
    `"iteration":${NATURAL}`,
    `"started_epoch":${SECONDS}`,
    `"duration":${SECONDS}`,
    `"result":"(${RESULTS.join('|')})"`,
    '"exit_code":(?:null|(0|[1-9]\\d{0,2}))',
    `"signal":${PLAIN_OR_NULL}`,
    `"beats":${COUNT}`,
    `"longest_quiet":${SECONDS}`,
    `"output_bytes":${COUNT}`,
    `"output_lost":${COUNT}`,
    `"left_running":${COUNT}`,
    `"incident":${PLAIN_OR_NULL}${CHANGED}}\\n`,
  ].join(','),
  'y',
)

const iterationOf = (match: RegExpExecArray): IterationEntry | null => {
  const exitCode = match[6] === undefined ? null : Number(match[6])
  if (exitCode !== null && exitCode > 255) return null
  return {
    kind: 'iteration',
    generation: Number(match[1]),
    iteration: Number(match[2]),
    started_epoch: Number(match[3]),
    duration: Number(match[4]),
    result: match[5] as IterationResult,
    exit_code: exitCode,
    signal: match[7] ?? null,
    beats: Number(match[8]),
    longest_quiet: Number(match[9]),
    output_bytes: Number(match[10]),
    output_lost: Number(match[11]),
    left_running: Number(match[12]),
    incident: match[13] ?? null,
    changed:
      match[14] === undefined
        ? null
        : {
            commits: Number(match[14]),
            files: Number(match[15]),
            head_moved: match[16] === 'true',
            notes: Number(match[17]),
            output: Number(match[18]),
          },
  }
}

/** Never throws. A last line that is whole but for its newline counts as whole: nothing of it is missing. */
export const parseHistory = (text: string): History => {
  const entries: HistoryEntry[] = []
  let skipped = 0
  let torn = false
  let start = 0
  while (start < text.length) {
    ITERATION_LINE.lastIndex = start
    const match = ITERATION_LINE.exec(text)
    const quick = match === null ? null : iterationOf(match)
    if (quick !== null) {
      entries.push(quick)
      start = ITERATION_LINE.lastIndex
      continue
    }
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    // An empty line is what is left where a torn one was ended and nothing of it had been written.
    if (end > start) {
      const entry = parseLine(text.slice(start, end))
      if (entry) entries.push(entry)
      else if (entry === undefined && newline < 0) torn = true
      else skipped += 1
    }
    start = end + 1
  }
  return { entries, skipped, torn }
}

/** What `history --json` prints for an iteration: all of it but the `kind`, which they share. */
export const iterationReport = (entry: IterationEntry): Omit<IterationEntry, 'kind'> => ({
  // Written out, which is faster than to take one away.
  generation: entry.generation,
  iteration: entry.iteration,
  started_epoch: entry.started_epoch,
  duration: entry.duration,
  result: entry.result,
  exit_code: entry.exit_code,
  signal: entry.signal,
  beats: entry.beats,
  longest_quiet: entry.longest_quiet,
  output_bytes: entry.output_bytes,
  output_lost: entry.output_lost,
  left_running: entry.left_running,
  incident: entry.incident,
  changed: entry.changed,
  ...(entry.oom === true ? { oom: true as const } : {}),
})
