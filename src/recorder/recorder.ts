/**
 * Reads what the workers print, writes it to disk at once, and shows it where the owner's output goes.
 *
 * It is slower than the worker when the disk, or whoever looks, is: then it does not read on, the pipe is full, and the
 * worker waits. It holds one buffer for each stream, whatever comes.
 */
import { Socket } from 'node:net'
import { type Marker, MarkerSplitter } from '../core/stream-markers.ts'
import { Display } from './display.ts'
import { IterationLog } from './iteration-log.ts'
import type { RecorderConfig, RecorderReport } from './protocol.ts'
import { UntilOutputWatch } from './until-output-watch.ts'

/** As much as a pipe holds. */
const BUFFER_BYTES = 64 * 1024
const LOST_REPORT_MILLISECONDS = 500

export type RecorderPorts = {
  report(message: RecorderReport): void
  /** Nobody can write any more, and all is on the disk and shown. */
  onFinished(): void
  /** After bytes have been read and kept, of whatever stream. */
  onTaken(): void
  /** Whether the run's directory is this run's: a file is opened only then. */
  mayOpen(): boolean
  /** Opens what a descriptor leads to once more, for writes that never wait; `null` where that cannot be. */
  openDirect(fd: number): number | null
}

export class Recorder {
  readonly #config: RecorderConfig
  readonly #ports: RecorderPorts
  readonly #logs = new Map<number, IterationLog>()
  readonly #displays = new Map<1 | 2, Display>()
  /** The iteration that each stream is in. */
  readonly #at: number[]
  readonly #ended: number[]
  readonly #untilOutput: UntilOutputWatch
  #open: number
  #taken = 0
  #lost: number
  #lostReported = Number.NEGATIVE_INFINITY
  #lostReason = ''
  #lostTimer: NodeJS.Timeout | undefined

  /** @param firstFd where the first of the configuration's streams is; the others follow */
  constructor(config: RecorderConfig, firstFd: number, ports: RecorderPorts) {
    this.#config = config
    this.#ports = ports
    this.#at = config.streams.map(() => config.iteration)
    this.#ended = config.streams.map(() => config.iteration - 1)
    this.#untilOutput = new UntilOutputWatch(config, (report) => ports.report(report))
    this.#open = config.streams.length
    this.#lost = config.lost
    config.streams.forEach(({ show, unshown }, index) => {
      const display = show === null ? null : this.#displayOf(show)
      if (unshown !== undefined) display?.show(Buffer.from(unshown, 'base64'))
      this.#read(index, firstFd + index, display)
    })
  }

  /** The one that all streams are in. */
  get iteration(): number {
    return Math.min(...this.#at)
  }

  get isFinished(): boolean {
    return this.#open === 0
  }

  /** Bytes read so far, of all streams. */
  get taken(): number {
    return this.#taken
  }

  /** A process that shows something to nobody does not end by itself. */
  get isBlocked(): boolean {
    return [...this.#displays.values()].some((display) => display.isBlocked)
  }

  /** From now on it is kept and not shown: who looks must not hold up what has to end. */
  hide(): void {
    for (const display of this.#displays.values()) display.hide()
  }

  /** The run has ended. What something still prints that it has left in the background is kept, and not shown. */
  letGoOfDisplays(): void {
    for (const display of this.#displays.values()) display.letGo()
  }

  /** Somebody has removed the run's directory: what comes now goes into new files, as soon as it is there again. */
  reopenRemoved(): void {
    for (const log of this.#logs.values()) log.reopenRemoved()
  }

  close(): void {
    for (const log of this.#logs.values()) log.close()
  }

  #read(index: number, fd: number, display: Display | null): void {
    const splitter = new MarkerSplitter(this.#config.secret, {
      bytes: (bytes) => this.#take(index, bytes, display),
      marker: (marker, iteration) => this.#mark(index, marker, iteration),
    })
    const onread = {
      buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        splitter.push(buffer.subarray(0, count))
        if (display === null || display.isIdle) return true
        display.onIdle(() => stream.resume())
        return false
      },
    }
    // One buffer for all that ever comes; Node's types know it of connections only.
    const options = { fd, readable: true, writable: false, onread }
    const stream = new Socket(options)
    stream.on('error', () => stream.destroy())
    stream.on('close', () => {
      splitter.end()
      this.#open -= 1
      if (this.#open === 0) this.#whenShown(() => this.#ports.onFinished())
    })
  }

  #displayOf(show: 1 | 2): Display {
    const known = this.#displays.get(show)
    if (known !== undefined) return known
    const display = new Display(
      show,
      (fd) => this.#ports.openDirect(fd),
      (reason) => this.#ports.report({ kind: 'not-shown', fd: show, reason }),
    )
    this.#displays.set(show, display)
    return display
  }

  #take(index: number, bytes: Uint8Array, display: Display | null): void {
    this.#taken += bytes.length
    const log = this.#logOf(this.#at[index] ?? 0)
    const position = log.bytes
    log.write(bytes)
    this.#untilOutput.take(index, bytes, position)
    display?.show(bytes)
    this.#ports.onTaken()
  }

  #logOf(iteration: number): IterationLog {
    const known = this.#logs.get(iteration)
    if (known !== undefined) return known
    const { dir, logLimit } = this.#config
    const log = new IterationLog(
      { dir, iteration, limit: logLimit },
      {
        onLost: (bytes, reason) => this.#tellLost(bytes, reason),
        mayOpen: () => this.#ports.mayOpen(),
      },
    )
    this.#logs.set(iteration, log)
    return log
  }

  #mark(index: number, marker: Marker, iteration: number): void {
    if (marker === 'begin') {
      this.#at[index] = iteration
      this.#untilOutput.begin(index, iteration)
      const oldest = this.iteration
      for (const [known, log] of this.#logs) {
        if (known >= oldest) continue
        log.close()
        this.#logs.delete(known)
      }
      if (oldest === iteration) this.#ports.report({ kind: 'begun', iteration })
      return
    }
    this.#ended[index] = iteration
    this.#untilOutput.end(index)
    if (this.#ended.some((ended) => ended < iteration)) return
    const { bytes, lost } = this.#logOf(iteration)
    if (this.#lost > this.#config.lost) this.#reportLost()
    this.#whenShown(() => this.#ports.report({ kind: 'ended', iteration, bytes, lost }))
  }

  #whenShown(act: () => void): void {
    const [display, ...others] = this.#displays.values()
    if (display === undefined) act()
    else if (others.length === 0) display.onIdle(act)
    else display.onIdle(() => others[0]?.onIdle(act))
  }

  #tellLost(bytes: number, reason: string): void {
    this.#lost += bytes
    this.#lostReason = reason
    const wait = this.#lostReported + LOST_REPORT_MILLISECONDS - performance.now()
    if (wait <= 0) this.#reportLost()
    else this.#lostTimer ??= setTimeout(() => this.#reportLost(), wait)
  }

  #reportLost(): void {
    clearTimeout(this.#lostTimer)
    this.#lostTimer = undefined
    this.#lostReported = performance.now()
    this.#ports.report({ kind: 'lost', bytes: this.#lost, reason: this.#lostReason })
  }
}
