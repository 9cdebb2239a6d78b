/** The output of a run, as the engine sees it: where an iteration begins and ends, and whether all of it is on disk. */
import { randomBytes } from 'node:crypto'
import { closeSync } from 'node:fs'
import { resolve } from 'node:path'
import type { WorkerStdio } from '../core/ports.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import { formatSize } from '../core/size.ts'
import { encodeMarker, type Marker } from '../core/stream-markers.ts'
import type { SavedTerminal } from '../guard/protocol.ts'
import type { RecorderReport, UntilOutputConfig } from '../recorder/protocol.ts'
import { outputBytes } from '../store/output.ts'
import { unpipePane } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import { GuardKeeper } from './guard-keeper.ts'
import { OutputSightings } from './output-sightings.ts'
import { openStreams, type Stream } from './output-streams.ts'
import type { Owner } from './owner.ts'

/** The disk gets this long, however short the worker's grace is. */
const MIN_TIMEOUT_SECONDS = 1
/** For output that a pane had sent before it was closed. */
const LOST_PANE_SECONDS = 0.2

export type OutputSizes = {
  /** Of the iteration, kept or not. */
  readonly bytes: number
  readonly lost: number
}

export type Recording = {
  readonly stdio: WorkerStdio
  /** Whether what the worker prints is kept, and looked at. */
  readonly isKept: boolean
  /** Whether it comes through a pane, where somebody may type. */
  readonly hasPane: boolean
  /** Resolves when what comes now belongs to `iteration`, or when `hurry` is aborted. */
  begin(iteration: number, giveUp: AbortSignal): Promise<void>
  /** Resolves when all that the iteration has printed is on disk, or after `timeoutSeconds`; `null`: nothing is kept. */
  end(iteration: number, timeoutSeconds: number): Promise<OutputSizes | null>
  close(): Promise<void>
}

/** Nothing is recorded: the worker writes to a terminal whose output cannot be captured. */
const NO_RECORDING: Recording = {
  stdio: ['inherit', 'inherit', 'inherit'],
  isKept: false,
  hasPane: false,
  begin: async () => undefined,
  end: async () => null,
  close: async () => undefined,
}

class RecordedOutput implements Recording {
  readonly stdio: WorkerStdio
  readonly isKept = true
  readonly hasPane: boolean
  readonly #world: World
  readonly #owner: Owner
  readonly #streams: readonly Stream[]
  readonly #secret: string
  readonly #sightings: OutputSightings
  readonly #guard: GuardKeeper
  #saidLost = false
  /** A recorder that did not answer is not waited for again before it has: somebody may have taken the pane's pipe. */
  #isResponsive = true
  readonly #waiting = new Map<number, (sizes: OutputSizes) => void>()

  constructor(
    world: World,
    owner: Owner,
    guard: GuardKeeper,
    { streams, secret, sightings }: RecordedStreams,
  ) {
    this.#world = world
    this.#owner = owner
    this.#guard = guard
    this.#streams = streams
    this.#secret = secret
    this.#sightings = sightings
    this.hasPane = streams.some(({ pane }) => pane !== null)
    this.stdio = ['inherit', stdioTarget(world, streams, 1), stdioTarget(world, streams, 2)]
  }

  async begin(iteration: number, giveUp: AbortSignal): Promise<void> {
    const finished = new AbortController()
    await Promise.race([this.#sendMarker('begin', iteration), aborted(giveUp, finished.signal)])
    finished.abort()
  }

  async end(iteration: number, timeoutSeconds: number): Promise<OutputSizes | null> {
    const ended = new Promise<OutputSizes>((resolve) => this.#waiting.set(iteration, resolve))
    // A pane that is held (Ctrl-S), a pipe that is full: the marker may take as long as the output.
    const sent = this.#sendMarker('end', iteration)
    if (!this.#isResponsive) return this.#sizesSoFar(iteration)
    const waitTimer = new AbortController()
    const seconds = Math.max(timeoutSeconds, MIN_TIMEOUT_SECONDS)
    const late = this.#world.clock.sleep(seconds, waitTimer.signal).then(() => 'late' as const)
    // A pane that is gone takes no marker, and a recorder that has not received it will not answer.
    const lateOrGone = sent.then(async (isTaken) => {
      if (isTaken) return late
      await this.#world.clock.sleep(LOST_PANE_SECONDS, waitTimer.signal)
      return 'gone' as const
    })
    const sizes = await Promise.race([ended, late, lateOrGone])
    waitTimer.abort()
    this.#waiting.delete(iteration)
    if (typeof sizes === 'object') return sizes
    this.#isResponsive = false
    if (sizes === 'late') {
      this.#world.notify(
        `the output of iteration ${iteration} is not yet on the disk; continuing without waiting`,
      )
      await this.#guard.replaceStopped()
    }
    return this.#sizesSoFar(iteration)
  }

  #sizesSoFar(iteration: number): OutputSizes {
    return { bytes: outputBytes(this.#owner.paths, this.#owner.record.generation, iteration), lost: 0 }
  }

  async close(): Promise<void> {
    const pane = this.#streams.find((stream) => stream.pane !== null)?.pane ?? null
    const { tmux: target } = this.#owner.record
    if (target !== null && pane !== null) await unpipePane(target, pane, this.#world)
    for (const { reader, writer, markers } of this.#streams) {
      await markers.close()
      for (const fd of [reader, writer]) closeSync(fd)
    }
  }

  /** @returns whether all have taken it */
  async #sendMarker(marker: Marker, iteration: number): Promise<boolean> {
    const bytes = encodeMarker(marker, iteration, this.#secret)
    const taken = await Promise.all(this.#streams.map(({ markers }) => markers.write(bytes)))
    return taken.every(Boolean)
  }

  /** What the recorder, which is in the guard, reports. */
  hear(report: RecorderReport): void {
    switch (report.kind) {
      case 'begun':
        return
      case 'sighting':
        this.#sightings.hear(report)
        return
      case 'ended':
        this.#isResponsive = true
        this.#waiting.get(report.iteration)?.(report)
        this.#waiting.delete(report.iteration)
        return
      case 'lost':
        if (!this.#saidLost) {
          const { paths, record } = this.#owner
          this.#world.notify(
            `output cannot be written to ${paths.run(record.generation)} (${report.reason}); the job continues, ${formatSize(report.bytes)} are lost so far`,
          )
        }
        this.#saidLost = true
        return
      case 'not-shown':
        if (report.reason !== 'EPIPE') {
          this.#world.notify(
            `standard ${report.fd === 1 ? 'output' : 'error'} cannot be written any more (${printable(report.reason)}); the job continues, and its output is recorded`,
          )
        }
    }
  }
}

type RecordedStreams = {
  readonly streams: readonly Stream[]
  readonly secret: string
  readonly sightings: OutputSightings
}

const stdioTarget = (world: World, streams: readonly Stream[], fd: 1 | 2): 'inherit' | number => {
  const own = streams.find(({ show }) => show === fd)
  if (own !== undefined) return own.writer
  const shared = world.terminal.isTerminal(fd) ? undefined : streams.find(({ show }) => show === 1)
  return shared?.writer ?? 'inherit'
}

const untilOutputOf = ({ options, command, cwd }: LockRecord): UntilOutputConfig | null => {
  const { until_output: text, stdin } = options
  return text === null ? null : { text, command, stdin: stdin === null ? null : resolve(cwd, stdin) }
}

export type StartedRecording = {
  readonly recording: Recording
  readonly guard: GuardKeeper
  /** Of the line that `--until-output` looks for. */
  readonly sightings: OutputSightings
}

/**
 * Opens the ways of the output, and starts the guard, which records it.
 *
 * @param owner before its first iteration @param script the compiled guard, open
 */
export const startRecording = async (
  world: World,
  owner: Owner,
  script: number,
  terminal: SavedTerminal | null,
): Promise<StartedRecording> => {
  const { record, paths } = owner
  const dir = paths.run(record.generation)
  const streams = await openStreams(world, dir, record)
  const secret = randomBytes(12).toString('hex')
  const guard = new GuardKeeper(world, owner, script, {
    readers: streams.map(({ reader }) => reader),
    terminal,
    recording: {
      dir,
      secret,
      logLimit: record.options.log_limit,
      untilOutput: untilOutputOf(record),
      streams: streams.map(({ show, pane }) => ({ show, pane })),
    },
  })
  const sightings = new OutputSightings(world, () => owner.record)
  const recorded =
    streams.length === 0 ? null : new RecordedOutput(world, owner, guard, { streams, secret, sightings })
  guard.start((report) => recorded?.hear(report))
  return { recording: recorded ?? NO_RECORDING, guard, sightings }
}
