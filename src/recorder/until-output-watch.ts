/** Looks for the line of `--until-output` in what the recorder reads, each stream by itself. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UntilOutput } from '../core/loop/until-output.ts'
import { parseSegmentName, segmentName } from '../core/segments.ts'
import type { RecorderConfig, RecorderReport } from './protocol.ts'

/** Of a longer prompt the rest is not known to be one. */
const MAX_INPUT_BYTES = 1024 ** 2
/** What came before, for a recorder that takes over in the middle of an iteration. */
const BEFORE_BYTES = 16 * 1024

/** On the clock that the owner has, too. */
const monotonic = (): number => Number(process.hrtime.bigint()) / 1e9

const inputText = (path: string | null): string | null => {
  try {
    if (path === null || !statSync(path).isFile()) return null
    return readFileSync(path).subarray(0, MAX_INPUT_BYTES).toString('utf8')
  } catch {
    return null // The iteration fails without it.
  }
}

/** The last bytes that an iteration has on the disk; none when it has nothing there. */
const endOnDisk = (dir: string, iteration: number): Uint8Array => {
  let fd: number | undefined
  try {
    const offsets = readdirSync(dir)
      .flatMap((name) => parseSegmentName(name) ?? [])
      .filter((segment) => segment.iteration === iteration)
      .map(({ offset }) => offset)
    if (offsets.length === 0) return new Uint8Array()
    fd = openSync(join(dir, segmentName({ iteration, offset: Math.max(...offsets) })), 'r')
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, BEFORE_BYTES))
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, size - bytes.length))
  } catch {
    return new Uint8Array()
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

export class UntilOutputWatch {
  readonly #config: RecorderConfig
  readonly #report: (report: RecorderReport) => void
  /** By stream; `null` between two iterations. */
  readonly #matchers: (UntilOutput | null)[]

  constructor(config: RecorderConfig, report: (report: RecorderReport) => void) {
    this.#config = config
    this.#report = report
    this.#matchers = config.streams.map(() => null)
    // In the middle of an iteration another recorder has told of what came before.
    const before = config.untilOutput === null ? null : endOnDisk(config.dir, config.iteration)
    if (before === null || before.length === 0) return
    let isMuted = true
    config.streams.forEach((_, stream) => {
      this.#matchers[stream] = this.#matcher(stream, config.iteration, () => isMuted)
      this.take(stream, before, 0)
    })
    isMuted = false
  }

  begin(stream: number, iteration: number): void {
    this.#matchers[stream] = this.#matcher(stream, iteration, () => false)
  }

  /** @param position of the piece in what the iteration has printed */
  take(stream: number, bytes: Uint8Array, position: number): void {
    this.#matchers[stream]?.push(bytes, monotonic(), position)
  }

  /** What comes now is not the worker's. */
  end(stream: number): void {
    this.#matchers[stream]?.end()
    this.#matchers[stream] = null
  }

  #matcher(stream: number, iteration: number, isMuted: () => boolean): UntilOutput | null {
    const { untilOutput, streams } = this.#config
    if (untilOutput === null) return null
    const { text, command, stdin } = untilOutput
    const isPane = streams[stream]?.pane !== null
    return new UntilOutput(text, { command, stdin: inputText(stdin) }, (sighting) => {
      if (!isMuted()) this.#report({ kind: 'sighting', iteration, isPane, ...sighting })
    })
  }
}
