/**
 * Shows what iterations have printed, from the disk: while the run goes on as well as after it died.
 *
 * | asked                  | shown                                                                  |
 * | ---------------------- | ---------------------------------------------------------------------- |
 * | nothing                | the newest iteration that has output, of the newest run that has some  |
 * | `--generation`         | the newest iteration of that run                                       |
 * | `--iteration`          | that iteration of that run                                             |
 * | `-f`                   | from there on to the end of the run; of the run that goes on, if any   |
 *
 * Where there is nothing to show the exit code is 64 for a number that names nothing, and 69 for output that is not
 * kept: what is needed is missing.
 */
import { STDERR, STDOUT, terminalOf, write, writeBytes } from '../cli/terminal.ts'
import { nameOf, numberOption, stdout, type Verb } from '../cli/verb.ts'
import { errors, type LockError } from '../core/errors.ts'
import { ownerLiveness, partLiveness } from '../core/identity.ts'
import { formatRanges } from '../core/ranges.ts'
import type { LockRecord } from '../core/record.ts'
import { formatSize } from '../core/size.ts'
import { watchReader } from '../process/pipe-reader.ts'
import { readHistory } from '../store/history.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import {
  listRuns,
  outputOf,
  type RunOutput,
  readFrom,
  type Segments,
  startOfLastLines,
  watchOutput,
} from '../store/output.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { renderOutput } from './shared/rendered-output.ts'

export type LogsRequest = {
  readonly name: string
  readonly follow: boolean
  /** `null`: all. */
  readonly lines: number | null
  readonly iteration: number | null
  readonly generation: number | null
}

export type LogsSink = {
  /** @returns false when the reader is gone */
  bytes(bytes: Uint8Array): boolean
  /** Is written beside the output, not into it; `atLineStart`: the output before it has ended its line. */
  header(text: string, atLineStart: boolean): void
  /** Whether the reader is gone, as far as that is known while nothing is written. */
  isGone(): boolean
}

const POLL_SECONDS = 0.1

const NEWLINE = 0x0a

/** Prints pieces of the stream, and reports each problem with them once. */
class LogPrinter {
  /** Whether the reader is gone. */
  readerGone = false
  readonly #world: World
  readonly #sink: LogsSink
  readonly #notified = new Set<string>()
  #atLineStart = true

  constructor(world: World, sink: LogsSink) {
    this.#world = world
    this.#sink = sink
  }

  /** @returns the position behind what was shown */
  print(segments: Segments, from: number): number {
    const pieces = readFrom(segments, from)
    for (;;) {
      const next = pieces.next()
      if (next.done === true) return next.value
      const piece = next.value
      switch (piece.kind) {
        case 'bytes':
          this.#write(piece.bytes)
          break
        case 'gap':
          this.#write(
            Buffer.from(`${this.#atLineStart ? '' : '\n'}[... ${formatSize(piece.size)} not kept ...]\n`),
          )
          break
        case 'problem':
          this.notify(`${piece.path} ${piece.reason}; passed over`)
      }
      if (this.readerGone) {
        pieces.return(from)
        return from
      }
    }
  }

  /** The same line is not written twice. */
  notify(line: string): void {
    if (this.#notified.has(line)) return
    this.#notified.add(line)
    this.#world.notify(line)
  }

  header(text: string): void {
    this.#sink.header(text, this.#atLineStart)
    this.#atLineStart = true
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (!this.#sink.bytes(bytes)) this.readerGone = true
    this.#atLineStart = bytes.at(-1) === NEWLINE
  }
}

const recordOf = (world: World, name: string): LockRecord | null => {
  const stored = readRecord(world.paths(name).record, name)
  return stored.kind === 'record' ? stored.record : null
}

/**
 * Nobody writes output of this run any more. A dead owner's refresher is still to end the worker, which may print
 * until then.
 */
const hasEnded = (world: World, name: string, generation: number): boolean => {
  const record = recordOf(world, name)
  if (record === null || record.generation !== generation || record.ended !== null) return true
  const view = world.inspector.snapshot()
  if (ownerLiveness(record, view, world.observer).kind !== 'gone') return false
  const refresher = partLiveness(record, record.refresher, view, world.observer)
  return !(refresher.kind === 'alive' && refresher.state === 'running')
}

/** 0 when there is none. Not `Math.max` of all: a run may have more iterations than a call may have arguments. */
const newest = (iterations: ReadonlyMap<number, unknown>): number => {
  let highest = 0
  for (const one of iterations.keys()) if (one > highest) highest = one
  return highest
}

/** The first after this one. */
const nextAfter = (iterations: ReadonlyMap<number, unknown>, iteration: number): number | null => {
  let next: number | null = null
  for (const one of iterations.keys()) if (one > iteration && (next === null || one < next)) next = one
  return next
}

const runOf = (name: string, generation: number): string => `run ${generation} of ${name}`

/** Why a run has nothing to show, from what its history says. */
const noOutputOf = (world: World, name: string, generation: number): LockError => {
  const printed = readHistory(world.paths(name)).entries.reduce(
    (sum, entry) =>
      sum + (entry.kind === 'iteration' && entry.generation === generation ? entry.output_bytes : 0),
    0,
  )
  return printed > 0
    ? errors.noOutput(
        `the output of ${runOf(name, generation)}, ${formatSize(printed)}, is not there any more`,
        'Its files were removed: by --keep N or --keep-size SIZE of its runs, or by hand.',
      )
    : errors.noOutput(
        `there is no output of ${runOf(name, generation)}`,
        'It has printed nothing, or it had a terminal outside tmux to itself, where output cannot be captured: run it with --detach, in tmux, or into a pipe.',
      )
}

const noSuchRun = (name: string, generation: number, generations: readonly number[]): LockError => {
  const kept = `on the disk ${generations.length === 1 ? 'is run' : 'are runs'} ${formatRanges(generations)}`
  return generation < (generations[0] ?? 0)
    ? errors.noOutput(
        `the output of ${runOf(name, generation)} is not kept any more; ${kept}`,
        'engine.sh run --keep N keeps the output of the newest N runs, and --keep-size SIZE bounds all of it.',
      )
    : errors.usage(
        `${runOf(name, generation)} does not exist; ${generations.length === 0 ? 'none is on the disk' : kept}`,
        `lock.sh history ${name}`,
      )
}

type Choice = { readonly generation: number; readonly output: RunOutput }

/** @throws LockError when there is no such run, or nothing at all */
const chooseRun = (world: World, { name, generation, follow }: LogsRequest, printer: LogPrinter): Choice => {
  const paths = world.paths(name)
  const { generations, problem } = listRuns(paths)
  if (problem !== null) printer.notify(problem)
  if (generation !== null) {
    const output = outputOf(paths, generation)
    if (output === null) throw noSuchRun(name, generation, generations)
    return { generation, output }
  }
  const record = recordOf(world, name)
  if (follow && record !== null && !hasEnded(world, name, record.generation)) {
    const output = outputOf(paths, record.generation)
    return { generation: record.generation, output: output ?? { iterations: new Map(), problem: null } }
  }
  for (const one of generations) {
    const output = outputOf(paths, one)
    if (output?.problem != null) printer.notify(output.problem)
    if (output !== null && output.iterations.size > 0) return { generation: one, output }
  }
  if (generations[0] !== undefined) throw noOutputOf(world, name, generations[0])
  throw errors.noOutput(
    record === null ? `${name} has never run, so there is no output` : `there is no output of ${name}`,
    record === null
      ? `engine.sh run ${name} -- COMMAND starts it.`
      : 'Its directory was removed; lock.sh status has what is left.',
  )
}

/** An iteration that has no file. @returns in words, that it has printed nothing @throws LockError in all other cases */
const explainMissing = (
  world: World,
  name: string,
  { generation, output }: Choice,
  wanted: number,
): string => {
  const entry = readHistory(world.paths(name)).entries.findLast(
    (one) => one.kind === 'iteration' && one.generation === generation && one.iteration === wanted,
  )
  const what = `iteration ${wanted} of ${runOf(name, generation)}`
  if (entry?.kind === 'iteration' && entry.output_bytes > 0) {
    throw errors.noOutput(
      `the output of ${what}, ${formatSize(entry.output_bytes)}, is not there any more`,
      'It was removed: by --keep N or --keep-size SIZE of the run, or by hand. The history still has how it ended.',
    )
  }
  if (entry !== undefined) return `${what} has printed nothing`
  const record = recordOf(world, name)
  if (record?.generation === generation && record.iteration.number === wanted)
    return `${what} has printed nothing${record.ended === null ? ' yet' : ''}`
  const there = formatRanges(output.iterations.keys())
  throw errors.usage(
    `${what} does not exist; ${there === '' ? 'no iteration of it has output' : `there ${output.iterations.size === 1 ? 'is' : 'are'} ${there}`}`,
    `lock.sh history ${name}`,
  )
}

/** The newest by number has no output: say so, because it is not what was expected. */
const notifyShownIteration = (
  world: World,
  request: LogsRequest,
  generation: number,
  iteration: number,
  printer: LogPrinter,
): void => {
  const record = recordOf(world, request.name)
  if (record === null || request.iteration !== null) return
  const shown = `iteration ${iteration} of run ${generation}`
  if (record.generation > generation && request.generation === null)
    printer.notify(`run ${record.generation} has no output on the disk; this is ${shown}`)
  else if (record.generation === generation && record.iteration.number > iteration)
    printer.notify(`iteration ${record.iteration.number} has no output on the disk; this is ${shown}`)
}

const follow = async (
  world: World,
  { name }: LogsRequest,
  generation: number,
  from: { readonly iteration: number; readonly position: number },
  printer: LogPrinter,
  sink: LogsSink,
): Promise<void> => {
  const listSegments = watchOutput(world.paths(name), generation)
  let { iteration, position } = from
  let hadEnded = false
  for (;;) {
    // Asked before the files are looked at, so that nothing comes between.
    const ended = hasEnded(world, name, generation)
    const before = `${iteration}:${position}`
    for (let iterations = listSegments(); !printer.readerGone; ) {
      position = printer.print(iterations.get(iteration) ?? [], position)
      const next = nextAfter(iterations, iteration)
      if (next === null) break
      // While the list was made, this iteration may have got its last segment and the next one its first.
      iterations = listSegments({ again: true })
      printer.print(iterations.get(iteration) ?? [], position)
      if (iteration > 0) printer.header(`iteration ${next} of run ${generation}`)
      iteration = next
      position = 0
    }
    if (printer.readerGone || sink.isGone()) return
    if (ended && hadEnded && before === `${iteration}:${position}`) return
    hadEnded = ended
    await world.clock.sleep(POLL_SECONDS)
  }
}

/** @throws LockError `usage` for a run or iteration that is not there, `missing` for output that is not kept */
export const logs = async (world: World, request: LogsRequest, sink: LogsSink): Promise<void> => {
  checkLockDir(world.lockDir)
  const { name } = request
  const printer = new LogPrinter(world, sink)
  const choice = chooseRun(world, request, printer)
  const { generation, output } = choice
  if (output.problem !== null) printer.notify(output.problem)
  const live = request.follow && !hasEnded(world, name, generation)
  const iteration = request.iteration ?? newest(output.iterations)
  const segments = output.iterations.get(iteration)

  if (segments === undefined) {
    if (request.iteration === null && !live) throw noOutputOf(world, name, generation)
    printer.notify(
      request.iteration === null
        ? `${runOf(name, generation)} has printed nothing yet`
        : explainMissing(world, name, choice, iteration),
    )
    if (live) await follow(world, request, generation, { iteration, position: 0 }, printer, sink)
    return
  }
  if (!live) notifyShownIteration(world, request, generation, iteration, printer)
  const start = request.lines === null ? 0 : startOfLastLines(segments, request.lines)
  if ((segments[0]?.offset ?? 0) > start && start === 0)
    printer.notify(`the beginning of iteration ${iteration} of run ${generation} is not there any more`)
  if (request.follow) await follow(world, request, generation, { iteration, position: start }, printer, sink)
  else printer.print(segments, start)
}

/** Output to stdout; headers, which are not output, to stderr. */
const terminalSink = (world: World, follow: boolean): LogsSink => {
  const { paint, columns } = terminalOf(STDERR, world.env)
  const sharesTerminal = Number.isFinite(columns) && Number.isFinite(stdout(world).columns)
  return {
    bytes: (bytes) => writeBytes(STDOUT, bytes),
    header: (text, atLineStart) =>
      write(STDERR, `${atLineStart || !sharesTerminal ? '' : '\n'}${paint('dim', text)}\n`),
    isGone: follow ? watchReader(STDOUT) : () => false,
  }
}

/** Only when all of it is there can be said what a terminal would have. */
const printRendered = async (world: World, request: LogsRequest): Promise<void> => {
  if (request.follow)
    throw errors.usage('--rendered shows what a terminal has in the end, and -f what comes; take one of them')
  const chunks: Buffer[] = []
  await logs(
    world,
    { ...request, lines: null },
    {
      bytes: (bytes) => chunks.push(Buffer.from(bytes)) > 0,
      header: () => undefined,
      isGone: () => false,
    },
  )
  const lines = await renderOutput(Buffer.concat(chunks))
  const shown =
    request.lines === null ? lines : lines.slice(lines.length - Math.min(request.lines, lines.length))
  write(STDOUT, shown.map((line) => `${line}\n`).join(''))
}

export const verb: Verb = {
  describe: 'print the recorded output, by default of the newest iteration',
  positionals: ['NAME'],
  options: {
    follow: {
      type: 'boolean',
      alias: 'f',
      describe: 'keep printing new output, also of later iterations, until the run ends',
    },
    lines: { type: 'string', alias: 'n', value: 'LINES', describe: 'the last LINES lines only' },
    rendered: {
      type: 'boolean',
      describe: 'show full-screen programs as the terminal showed them at the end, with scroll-back',
    },
    iteration: { type: 'string', value: 'N', describe: 'this iteration; with -f also those after it' },
    generation: {
      type: 'string',
      value: 'N',
      describe: 'this run (default: the newest that has output)',
    },
  },
  examples: [
    ['lock.sh logs nightly -f -n 20', 'the last 20 lines, and all new ones'],
    ['lock.sh logs nightly --iteration 12', 'all of one iteration'],
    ['lock.sh logs nightly --rendered | grep -i error', 'search the output of a full-screen agent'],
  ],
  run: async (world, args) => {
    const follow = args.flag('follow')
    const request = {
      name: nameOf(args),
      follow,
      lines: numberOption(args, 'lines', 0),
      iteration: numberOption(args, 'iteration', 1),
      generation: numberOption(args, 'generation', 1),
    }
    if (args.flag('rendered')) await printRendered(world, request)
    else await logs(world, request, terminalSink(world, follow))
    return 0
  },
}
