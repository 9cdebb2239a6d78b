/**
 * The recorder of a run, as the engine sees it: started, told where an iteration begins and ends, asked whether all
 * of it is on disk, and started again when it dies.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { printable } from '../core/printable.ts'
import type { LockRecord, TmuxTarget } from '../core/record.ts'
import { formatSize } from '../core/size.ts'
import { encodeMarker, type Marker } from '../core/stream-markers.ts'
import { FIRST_STREAM_FD, type RecorderConfig, type RecorderReport } from '../recorder/protocol.ts'
import { outputBytes } from '../store/output.ts'
import type { SessionPaths } from '../store/paths.ts'
import { unpipePane } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import { isTerminal, openStreams, type Stream } from './output-streams.ts'

/** A recorder that has died sooner than this is restarted after a pause. */
const MIN_UPTIME_SECONDS = 1
/** The disk gets this long, however short the worker's grace is. */
const MIN_TIMEOUT_SECONDS = 1
/** For output that a pane had sent before it was closed. */
const LOST_PANE_SECONDS = 0.2

/** What the worker is started with for descriptors 0, 1 and 2. */
export type WorkerStdio = readonly ['inherit', 'inherit' | number, 'inherit' | number]

export type OutputSizes = {
  /** Of the iteration, kept or not. */
  readonly bytes: number
  readonly lost: number
}

export type Recording = {
  readonly stdio: WorkerStdio
  /** Bytes of this run that could not be written, so far. */
  readonly lost: number
  /** Resolves when what comes now belongs to `iteration`, or when `hurry` is aborted. */
  begin(iteration: number, giveUp: AbortSignal): Promise<void>
  /** Resolves when all that the iteration has printed is on disk, or after `timeoutSeconds`; `null`: nothing is kept. */
  end(iteration: number, timeoutSeconds: number): Promise<OutputSizes | null>
  close(): Promise<void>
}

/** Nothing is recorded: the worker writes to a terminal whose output cannot be captured. */
const NO_RECORDING: Recording = {
  stdio: ['inherit', 'inherit', 'inherit'],
  lost: 0,
  begin: async () => undefined,
  end: async () => null,
  close: async () => undefined,
}

class RecordedOutput implements Recording {
  readonly stdio: WorkerStdio
  lost = 0
  readonly #world: World
  readonly #streams: readonly Stream[]
  readonly #config: Omit<RecorderConfig, 'iteration'>
  readonly #script: string
  readonly #target: TmuxTarget | null
  readonly #paths: SessionPaths
  readonly #generation: number
  readonly #onLost: (bytes: number) => void
  /** The last iteration that the recorder has reported to have begun. */
  #begun: number
  #recorder: ChildProcess | null = null
  #isOver = false
  #lostBefore = 0
  #lostReported = false
  /** After a timeout nobody waits again before the recorder has answered: the pane's pipe may have been removed. */
  #isResponsive = true
  readonly #waiting = new Map<number, (sizes: OutputSizes) => void>()

  constructor(
    world: World,
    streams: readonly Stream[],
    record: LockRecord,
    { dir, script, onLost }: RecordingRequest,
  ) {
    this.#world = world
    this.#streams = streams
    this.#script = script
    this.#target = record.tmux
    this.#paths = world.paths(record.session)
    this.#generation = record.generation
    this.#onLost = onLost
    this.#begun = record.iteration.number
    this.#config = {
      dir,
      secret: randomBytes(12).toString('hex'),
      logLimit: record.options.log_limit,
      streams: streams.map(({ show, pane }) => ({ show, pane })),
    }
    const target = (fd: 1 | 2): 'inherit' | number => {
      const own = streams.find(({ show }) => show === fd)
      if (own !== undefined) return own.writer
      const shared = isTerminal(fd) ? undefined : streams.find(({ show }) => show === 1)
      return shared?.writer ?? 'inherit'
    }
    this.stdio = ['inherit', target(1), target(2)]
    this.#start()
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
    if (sizes === 'late')
      this.#world.notify(
        `the output of iteration ${iteration} is not yet on the disk; continuing without waiting`,
      )
    return this.#sizesSoFar(iteration)
  }

  #sizesSoFar(iteration: number): OutputSizes {
    return { bytes: outputBytes(this.#paths, this.#generation, iteration), lost: 0 }
  }

  async close(): Promise<void> {
    this.#isOver = true
    const pane = this.#streams.find((stream) => stream.pane !== null)?.pane ?? null
    if (this.#target !== null && pane !== null) await unpipePane(this.#target, pane, this.#world)
    this.#recorder?.stdin?.end()
    this.#recorder?.unref()
    for (const { reader, writer, markers } of this.#streams) {
      await markers.close()
      for (const fd of [reader, writer]) closeSync(fd)
    }
  }

  /** @returns whether all have taken it */
  async #sendMarker(marker: Marker, iteration: number): Promise<boolean> {
    const bytes = encodeMarker(marker, iteration, this.#config.secret)
    const taken = await Promise.all(this.#streams.map(({ markers }) => markers.write(bytes)))
    return taken.every(Boolean)
  }

  #start(): void {
    const started = this.#world.clock.monotonic()
    const recorder = spawn(process.execPath, [this.#script], {
      cwd: '/',
      env: environmentFor(this.#world.env),
      stdio: ['pipe', 'inherit', 'inherit', 'pipe', ...this.#streams.map(({ reader }) => reader)],
      // Out of the terminal's reach, and no member of a worker's group.
      detached: true,
    })
    this.#recorder = recorder
    const config: RecorderConfig = { ...this.#config, iteration: this.#begun }
    recorder.stdin?.on('error', () => undefined)
    recorder.stdin?.write(`${JSON.stringify(config)}\n`)
    const restart = async (reason: string): Promise<void> => {
      if (this.#isOver || this.#recorder !== recorder) return
      this.#world.notify(`the recorder of the output ${reason}; starting another`)
      this.#lostBefore = this.lost
      if (this.#world.clock.monotonic() - started < MIN_UPTIME_SECONDS)
        await this.#world.clock.sleep(MIN_UPTIME_SECONDS)
      if (!this.#isOver) this.#start()
    }
    recorder.on('exit', (code, signal) => void restart(`has ended (${signal ?? code})`))
    recorder.on('error', (error) => void restart(`could not be started (${error.message})`))
    // Without a free descriptor there is no child, and it has no pipes; the error says so later.
    const reports = recorder.stdio?.[FIRST_STREAM_FD - 1] as Readable | undefined
    if (reports !== undefined)
      createInterface({ input: reports }).on('line', (line) =>
        this.#onReport(JSON.parse(line) as RecorderReport),
      )
  }

  #onReport(report: RecorderReport): void {
    switch (report.kind) {
      case 'begun':
        this.#begun = report.iteration
        return
      case 'ended':
        this.#isResponsive = true
        this.#waiting.get(report.iteration)?.(report)
        this.#waiting.delete(report.iteration)
        return
      case 'lost':
        this.lost = this.#lostBefore + report.bytes
        if (!this.#lostReported) {
          this.#world.notify(
            `output cannot be written to ${this.#config.dir} (${report.reason}); the job continues, ${formatSize(this.lost)} are lost so far`,
          )
        }
        this.#lostReported = true
        this.#onLost(this.lost)
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

/** Variables that would cost the recorder time or memory, or connect it to another run. */
const NOT_FOR_THE_RECORDER = /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LOCK_.*)$/

const environmentFor = (env: World['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_THE_RECORDER.test(name)))

export type RecordingRequest = {
  /** Where the run's output goes. */
  readonly dir: string
  /** The compiled recorder. */
  readonly script: string
  /** Bytes of this run, so far. */
  readonly onLost: (bytes: number) => void
}

/** @param record of the run, before its first iteration */
export const startRecording = async (
  world: World,
  record: LockRecord,
  request: RecordingRequest,
): Promise<Recording> => {
  const streams = await openStreams(world, request.dir, record)
  return streams.length === 0 ? NO_RECORDING : new RecordedOutput(world, streams, record, request)
}
