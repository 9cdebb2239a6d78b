/**
 * The recorder: one for each run. It reads what the workers print, writes it to disk at once, and shows it where the
 * owner's output goes.
 *
 * A process of its own, so that nothing is lost when the owner is killed: it reads on until nobody can write any more.
 * It is slower than the worker when the disk is: then the pipe is full, and the worker waits. It holds one buffer
 * for each stream, whatever comes.
 */
import { readFileSync, readlinkSync, rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type Marker, MarkerSplitter } from '../core/stream-markers.ts'
import { IterationLog } from './iteration-log.ts'
import { FIRST_STREAM_FD, REPORT_FD, type RecorderConfig, type RecorderReport } from './protocol.ts'

const BUFFER_BYTES = 256 * 1024
/** A pane whose owner is dead is somebody's shell: its worker has this long to end, and its last words to arrive. */
const PANE_WITHOUT_OWNER_MILLISECONDS = 3000
const LOST_REPORT_MILLISECONDS = 500

const PAUSE = new Int32Array(new SharedArrayBuffer(4))

/** @returns the system's code when it cannot be written any more, else `null` */
const writeWhole = (fd: number, bytes: Uint8Array): string | null => {
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      if (code !== 'EAGAIN') return code
      // Somebody has made it non-blocking; that it is full holds the worker up, as it would without us.
      Atomics.wait(PAUSE, 0, 0, 5)
    }
  }
  return null
}

const report = (message: RecorderReport): void => {
  // An owner that is dead hears nothing.
  writeWhole(REPORT_FD, Buffer.from(`${JSON.stringify(message)}\n`))
}

/**
 * Of a dead owner's pane: its cat(1) would live on until the next line in the pane breaks its pipe, and the pane would
 * look piped. That it has our FIFO open proves who it is; where that cannot be seen it is left to that line.
 */
const endPanePipe = (fifo: string): void => {
  const pidFile = `${fifo}.pid`
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim())
    if (readlinkSync(`/proc/${pid}/fd/1`) === fifo) process.kill(pid)
  } catch {
    // Ended already, by the owner or with the pane.
  }
  for (const path of [fifo, pidFile]) rmSync(path, { force: true })
}

class Recorder {
  readonly #config: RecorderConfig
  readonly #logs = new Map<number, IterationLog>()
  /** The iteration that each stream is in. */
  readonly #at: number[]
  readonly #ended: number[]
  readonly #hidden = new Set<number>()
  #open: number
  #lost = 0
  #lostReported = Number.NEGATIVE_INFINITY
  #lostReason = ''
  #lostTimer: NodeJS.Timeout | undefined

  constructor(config: RecorderConfig) {
    this.#config = config
    this.#at = config.streams.map(() => config.iteration)
    this.#ended = config.streams.map(() => config.iteration - 1)
    this.#open = config.streams.length
    config.streams.forEach((_, index) => {
      this.#read(index)
    })
  }

  #read(index: number): void {
    const splitter = new MarkerSplitter(this.#config.secret, {
      bytes: (bytes) => this.#take(index, bytes),
      marker: (marker, iteration) => this.#onMarker(index, marker, iteration),
    })
    const onread = {
      buffer: Buffer.allocUnsafe(BUFFER_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        splitter.push(buffer.subarray(0, count))
        return true
      },
    }
    // One buffer for all that ever comes; Node's types know it of connections only.
    const options = { fd: FIRST_STREAM_FD + index, readable: true, writable: false, onread }
    const stream = new Socket(options)
    stream.on('error', () => stream.destroy())
    stream.on('close', () => {
      splitter.end()
      this.#open -= 1
      if (this.#open === 0) this.finish()
    })
  }

  #take(index: number, bytes: Uint8Array): void {
    this.#logOf(this.#at[index] ?? 0).write(bytes)
    const show = this.#config.streams[index]?.show ?? null
    if (show === null || this.#hidden.has(show)) return
    const reason = writeWhole(show, bytes)
    if (reason === null) return
    this.#hidden.add(show)
    report({ kind: 'not-shown', fd: show, reason })
  }

  #logOf(iteration: number): IterationLog {
    const known = this.#logs.get(iteration)
    if (known !== undefined) return known
    const { dir, logLimit } = this.#config
    const log = new IterationLog(dir, iteration, logLimit, (bytes, reason) => this.#tellLost(bytes, reason))
    this.#logs.set(iteration, log)
    return log
  }

  #onMarker(index: number, marker: Marker, iteration: number): void {
    if (marker === 'begin') {
      this.#at[index] = iteration
      const oldest = Math.min(...this.#at)
      for (const [known, log] of this.#logs) {
        if (known >= oldest) continue
        log.close()
        this.#logs.delete(known)
      }
      if (oldest === iteration) report({ kind: 'begun', iteration })
      return
    }
    this.#ended[index] = iteration
    if (this.#ended.some((ended) => ended < iteration)) return
    const { bytes, lost } = this.#logOf(iteration)
    if (this.#lost > 0) this.#reportLost()
    report({ kind: 'ended', iteration, bytes, lost })
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
    report({ kind: 'lost', bytes: this.#lost, reason: this.#lostReason })
  }

  /** The owner has ended the run, or died. */
  ownerGone(): void {
    if (this.#config.streams.some(({ pane }) => pane !== null)) {
      setTimeout(() => this.finish(), PANE_WITHOUT_OWNER_MILLISECONDS)
    }
  }

  finish(): void {
    for (const log of this.#logs.values()) log.close()
    for (const { pane } of this.#config.streams) if (pane !== null) endPanePipe(pane)
    process.exit(0)
  }
}

// It ends when there is nothing more to read, and not before.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

let recorder: Recorder | undefined
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  recorder ??= new Recorder(JSON.parse(line) as RecorderConfig)
})
input.on('close', () => {
  if (recorder === undefined) process.exit(0)
  recorder.ownerGone()
})
