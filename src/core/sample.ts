/**
 * What a sample of a worker is worth: evidence of progress, mere activity, or nothing. Pure.
 *
 * | seen since the last sample                          | activity  | progress | and the clocks |
 * | --------------------------------------------------- | --------- | -------- | -------------- |
 * | a note, or text that is new                         | yes       | yes      | start anew, whatever was before |
 * | new text of a status line                           | yes       | until its texts are known to come from a list | start anew |
 * | a phrase that may come from a list                  | yes       | unless a hang was found | of progress: gets a share of its limit back (`PHRASE_FRACTION` in core/progress.ts) |
 * | the same text with another value that was computed, and {@link WORK_FRACTION} | yes | yes | start anew |
 * | text that was seen before                           | yes       | no       | start anew |
 * | sockets have received something (asked for a verdict) | yes     | unless text repeats | start anew |
 * | bytes at {@link BULK_BYTES_PER_SECOND} by what lasts, or written by any | yes | yes | start anew; while text repeats, of progress: get {@link BULK_WORTH} times the seconds back that the bytes are worth at that rate |
 * | a size on the screen that grows by no more than twice what was moved | yes | yes | start anew |
 * | payload read or written by what lasts               | yes       | unless text repeats | get half of their limit back |
 * | a lot of bytes by what comes and goes               | yes       | unless text repeats | start anew |
 * | {@link WORK_FRACTION}, and processes come and go    | yes       | unless text repeats | start anew |
 * | {@link WORK_FRACTION}, and storage is read or written | yes     | unless text repeats | get half of their limit back |
 * | {@link WORK_FRACTION} of a processor alone          | yes       | no       | get half of their limit back |
 * | less of it                                          | in proportion | no   | get back that part of the time |
 * | less than {@link IDLE_FRACTION} of a processor      | no        | no       | |
 * | a few bytes read and none written, while no socket has received anything | no | no | |
 * | a few bytes that the worker's processes only pass to each other, likewise, and less than {@link WORK_FRACTION} | no | no | |
 *
 * Payload is what goes beyond {@link WAKE_UP_BYTES} for every call: threads that wake each other move that much.
 */
import type { TextKind } from './status-phrases.ts'

/** Compilers and the like take this much; a loop of sleeps and questions, started anew each time, does not. */
export const WORK_FRACTION = 0.05

/** Full-screen programs that wait for a key take up to a fifth of a processor for drawing nothing; what computes beside its prompt takes more than this. */
export const COMPUTE_FRACTION = 0.5

/** An idle event loop with a timer takes 0.2 % of a processor, a spinner 0.1 %, a stream with a ping 0.05 %. */
export const IDLE_FRACTION = 0.01

/** So many bytes in a second are work, whatever the screen repeats: a copy with a bar of digits, a long download. */
export const BULK_BYTES_PER_SECOND = 64 * 1024

/** Behind a spinner, four fifths of that on average are work: an agent that saves what was said with each turn moves half. */
export const BULK_WORTH = 1.25

/** An eventfd moves 8 bytes, a pipe that wakes somebody 1. */
export const WAKE_UP_BYTES = 8

/** A program that looks at itself in /proc, or at its settings, reads less than this in a second. */
export const HOUSEKEEPING_BYTES_PER_SECOND = 8 * 1024

/** To start a process or two takes this long on a busy machine, however short the sample: seconds of a processor. */
const IDLE_SECONDS = 0.02
const WORK_SECONDS = 0.05

/** Of a limit: what a burst gives back, and how far apart bursts may be to end a hang. */
export const BURST_FRACTION = 0.5

export type ProgressSource = 'note' | 'output' | 'io' | 'cpu'

/** What one sample has found; amounts are since the sample before. */
export type Sample = {
  /** Seconds of the monotonic clock. */
  readonly at: number
  readonly note: boolean
  readonly output: {
    readonly bytes: number
    /** `null` without any. */
    readonly kind: TextKind | null
    /** The texts of its status line come from a list. */
    readonly cycles: boolean
    /** Bytes by which a size that it shows has grown. */
    readonly grown?: number
    /** A value that was computed; see core/measured-values.ts. */
    readonly hasMeasured?: boolean
  }
  readonly io: {
    /** Bytes read and written by processes that were there at both samples, without what goes round to wake threads up. */
    readonly lasting: number
    /** Of those, what goes beyond the waking of threads; and the part of that which was written. */
    readonly payload: number
    readonly payloadWritten: number
    /** Of the payload, that of processes without a terminal, as daemons are. */
    readonly payloadDetached?: number
    /** The payload only went round among the worker's processes; see core/circulation.ts. */
    readonly circulates?: boolean
    /** Bytes of all processes, that have come or ended too; and those of them that were written. */
    readonly all: number
    readonly allWritten?: number
    /** Of all bytes, those that programs read when they start. */
    readonly loaded?: number
    /** Bytes that came from storage or go there. */
    readonly storage?: number
  }
  /** Bytes that its sockets have received in about half of `quiet_after`; `null` when that was not asked, or is not known. */
  readonly received: number | null
  readonly cpuSeconds: number
  /** Processes have come or gone. */
  readonly processesChange: boolean
  readonly blocked: 'stopped' | 'awaiting-input' | null
  /** A foreground process listens to the terminal. Only {@link nearStall} samples tell. */
  readonly listens: boolean
  /** And the screen shows a menu. */
  readonly menu?: boolean
}

/** What a sample is worth. */
export type Classification = {
  readonly source: ProgressSource | null
  readonly isProgress: boolean
  /** Ends a hang at once. */
  readonly isSaid: boolean
  /** Of a limit, what it gives back; 1 starts the clocks anew. */
  readonly gain: number
  /** Seconds of progress, instead of the gain; `null`: none. */
  readonly earned: number | null
  /** Small reads and nothing else. */
  readonly isWeak: boolean
  /** Less than {@link HOUSEKEEPING_BYTES_PER_SECOND} by processes without a terminal, and nothing else. */
  readonly isTrickle: boolean
  /** Bytes that were moved by processes without a terminal, and nothing else. */
  readonly isDetached: boolean
}

const found = (source: ProgressSource | null, isProgress: boolean, gain = 1): Classification => ({
  source,
  isProgress,
  isSaid: false,
  gain,
  earned: null,
  isWeak: false,
  isTrickle: false,
  isDetached: false,
})

const NOTHING: Classification = found(null, false, 0)

type Context = {
  readonly seconds: number
  readonly textRepeats: boolean
  readonly readsAreIdle: boolean
  readonly isStalled: boolean
  readonly unshown: number
}

/** A display may count bytes before they are packed, or round them. */
const SHOWN_WORTH = 2

export const classifySample = (sample: Sample, context: Context): Classification => {
  const { note, output, io, received } = sample
  const { seconds, textRepeats, readsAreIdle } = context
  if (note) return { ...found('note', true), isSaid: true }
  if (output.kind === 'new' || output.kind === 'status') return { ...found('output', true), isSaid: true }
  if (output.kind === 'phrase') return found('output', !context.isStalled)
  const { grown = 0 } = output
  if (grown > 0 && grown <= SHOWN_WORTH * context.unshown) return found('io', true)
  // What it prints is written too, and may go through a pipe or two on its way.
  const bulk = BULK_BYTES_PER_SECOND * seconds
  // A tool at work behind a spinner writes; a client that fails again and again reads its libraries, and writes nothing.
  const moved = Math.max(io.lasting, io.allWritten ?? 0) - 4 * output.bytes
  if (moved >= bulk) {
    const earned = textRepeats ? (BULK_WORTH * moved) / BULK_BYTES_PER_SECOND : null
    return { ...found('io', true), earned, isDetached: output.bytes === 0 && isByDetached(io) }
  }
  // A cursor that blinks above a prompt: what it writes for that is no other sign of life either.
  if (output.kind === 'blink' && sample.listens) return NOTHING
  const computes = sample.cpuSeconds >= workSeconds(seconds)
  if (output.bytes > 0) return found('output', output.hasMeasured === true && computes)
  if (received !== null && received > 0) return found('io', !textRepeats)
  // Every process reads its libraries when it starts: what comes and goes has to read more than that.
  if (io.all - (io.loaded ?? 0) >= bulk) return found('io', !textRepeats)
  const isLittle = io.payload < HOUSEKEEPING_BYTES_PER_SECOND * seconds
  // What computes meanwhile hands out its work so.
  const circulates = io.circulates === true && sample.cpuSeconds < workSeconds(seconds)
  const isWeak = isLittle && (io.payloadWritten === 0 || circulates)
  const isTrickle = isLittle && (io.payloadDetached === io.payload || circulates)
  if (io.payload > 0 && !(isWeak && readsAreIdle)) {
    return { ...found('io', !textRepeats, BURST_FRACTION), isWeak, isTrickle, isDetached: isByDetached(io) }
  }
  return classifyCpu(sample, context)
}

/** A program at its terminal that looks at its own memory meanwhile moves no more than a hundredth of it. */
const isByDetached = ({ payload, payloadDetached = 0 }: Sample['io']): boolean =>
  payloadDetached > 0 && (payload - payloadDetached) * 100 <= payload

const classifyCpu = ({ cpuSeconds, processesChange, io }: Sample, context: Context): Classification => {
  const { seconds, textRepeats } = context
  if (cpuSeconds < Math.max(IDLE_SECONDS, IDLE_FRACTION * seconds)) return NOTHING
  if (cpuSeconds < workSeconds(seconds)) return { ...found('cpu', false), gain: 0 }
  if (processesChange) return found('cpu', !textRepeats)
  // Directories are read without a byte that is counted, and so are files that are mapped.
  const isOnDisk = (io.storage ?? 0) >= HOUSEKEEPING_BYTES_PER_SECOND * seconds
  return found('cpu', isOnDisk && !textRepeats, BURST_FRACTION)
}

/** Seconds of a processor that are work, in so many seconds. */
export const workSeconds = (seconds: number): number => Math.max(WORK_SECONDS, WORK_FRACTION * seconds)
