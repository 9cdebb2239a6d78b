/** A run's output that is kept: what the engine knows of where an iteration begins and ends, and of what is on the disk. */
import { closeSync } from 'node:fs'
import type { WorkerStdio } from '../core/ports.ts'
import { printable } from '../core/printable.ts'
import { formatSize } from '../core/size.ts'
import { encodeMarker, type Marker } from '../core/stream-markers.ts'
import { IterationLog } from '../recorder/iteration-log.ts'
import type { RecorderReport } from '../recorder/protocol.ts'
import { outputBytes } from '../store/output.ts'
import { unpipePane } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { aborted } from './aborted.ts'
import type { GuardKeeper } from './guard-keeper.ts'
import type { OutputSightings } from './output-sightings.ts'
import type { Stream } from './output-streams.ts'
import type { Owner } from './owner.ts'
import type { OutputSizes, Recording } from './recording.ts'
import { type Taken, takeShortOutput } from './short-output.ts'

/** The disk gets this long, however short the worker's grace is. */
const MIN_TIMEOUT_SECONDS = 1
/** For output that a pane had sent before it was closed. */
const LOST_PANE_SECONDS = 0.2

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

/** For an iteration, with what it has printed so far. */
type TakenFor = Taken & { readonly sizes: OutputSizes }

export class RecordedOutput implements Recording {
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
    // What has come since the end of the last iteration, from a command of --until for one, belongs to that one.
    if (!this.#guard.isStarted && !this.#isUntouched())
      this.#takeOrHandOn(this.#owner.record.iteration.number)
    this.#guard.begin(iteration)
    if (!this.#guard.isStarted) return
    const finished = new AbortController()
    const sent = this.#sendMarker('begin', iteration).then(() => {
      for (const { writes } of this.#streams) writes?.mark()
    })
    await Promise.race([sent, aborted(giveUp, finished.signal)])
    finished.abort()
  }

  async end(iteration: number, timeoutSeconds: number): Promise<OutputSizes | null> {
    // Most of the time of a short iteration would go into asking a guard that has nothing to tell.
    if (this.#isUntouched()) return { bytes: 0, lost: 0 }
    if (!this.#guard.isStarted) {
      const { isAll, sizes } = this.#takeOrHandOn(iteration)
      if (isAll) return sizes
    }
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

  /** Without a guard: keeps and shows what there is now, and starts a guard when that is not all. */
  #takeOrHandOn(iteration: number): TakenFor {
    const taken = this.#takeShort(iteration)
    if (!taken.isAll) this.#guard.startNow(taken.unshown)
    return taken
  }

  /** @returns also the iteration's sizes */
  #takeShort(iteration: number): TakenFor {
    const { record, paths } = this.#owner
    const lostBefore = record.output_lost
    let log: IterationLog | undefined
    const openLog = (): IterationLog =>
      new IterationLog(
        { dir: paths.run(record.generation), iteration, limit: record.options.log_limit },
        {
          mayOpen: () => this.#owner.lockLoss === null,
          onLost: (_, reason) => {
            const bytes = lostBefore + (log?.lost ?? 0)
            this.#owner.stage({ output_lost: bytes })
            this.hear({ kind: 'lost', bytes, reason })
          },
        },
      )
    // Before it is read: what comes later is seen as such.
    for (const { writes } of this.#streams) writes?.mark()
    const taken = takeShortOutput(this.#streams, (bytes) => {
      log ??= openLog()
      log.write(bytes)
    })
    log?.close()
    for (const target of taken.gone) this.hear({ kind: 'not-shown', ...target })
    return { ...taken, sizes: { bytes: log?.bytes ?? 0, lost: log?.lost ?? 0 } }
  }

  /** Whether nothing was printed since the iteration began. */
  #isUntouched(): boolean {
    return this.#streams.every(({ writes }) => writes?.isUntouched() === true)
  }

  #sizesSoFar(iteration: number): OutputSizes {
    return { bytes: outputBytes(this.#owner.paths, this.#owner.record.generation, iteration), lost: 0 }
  }

  async close(): Promise<void> {
    const pane = this.#streams.find((stream) => stream.pane !== null)?.pane ?? null
    const { tmux: target } = this.#owner.record
    if (target !== null && pane !== null) await unpipePane(target, pane, this.#world)
    for (const { writer, markers } of this.#streams) {
      await markers.close()
      closeSync(writer)
    }
    // What an iteration has left in the background may still print.
    if (!this.#guard.isStarted && !this.#takeOrHandOn(this.#owner.record.iteration.number).isClosed)
      this.#guard.startNow()
    for (const { reader } of this.#streams) closeSync(reader)
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
