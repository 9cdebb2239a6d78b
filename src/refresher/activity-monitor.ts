/** Watches an iteration: what it notes, what it prints, what its processes do. core/progress.ts assesses it. */
import { activityLevel, extendSeries } from '../core/activity-series.ts'
import { isNewText, Novelty } from '../core/novelty.ts'
import type { Clock, ProcessView } from '../core/ports.ts'
import {
  type AssessmentContext,
  assess,
  beginProgress,
  CERTAIN_SAMPLES,
  nearStall,
  type Progress,
} from '../core/progress.ts'
import type {
  Activity,
  ActivitySeries,
  Evidence,
  LastSeen,
  LockRecord,
  ProcessReference,
  Stall,
  StallCause,
} from '../core/record.ts'
import type { Sample } from '../core/sample.ts'
import type { ScreenSize } from '../core/screen-rows.ts'
import type { TextKind } from '../core/status-phrases.ts'
import { nothingReceived, type ReceivedReader } from '../process/received.ts'
import type { ActivityReader, TreeActivity } from '../process/tree-activity.ts'
import type { NewNotes, NotesTail } from './notes.ts'
import type { NewOutput, OutputTail } from './output-tail.ts'
import { SocketCheck } from './socket-check.ts'

type Seen = {
  /** The strongest that this sample contains; `null` for none. */
  readonly evidence: Evidence | null
  readonly watch: Activity
}

export type ActivityMonitor = {
  /** @param tree the worker first, then its descendants @param view a fresh snapshot */
  sample(tree: readonly ProcessReference[], view: ProcessView): Seen
}

type ActivitySources = {
  readonly output: Pick<OutputTail, 'read'>
  /** Of the terminal that the worker writes to; `null` for none. */
  readonly screenSize?: () => ScreenSize | null
  readonly notes: Pick<NotesTail, 'read'>
  readonly activity: ActivityReader
  /** Without it, what sockets receive is not seen. */
  readonly received?: ReceivedReader
  readonly clock: Clock
}

const NOT_READ: Omit<TreeActivity, 'totals'> = {
  io: { lasting: 0, payload: 0, payloadWritten: 0, all: 0 },
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
}

const NO_SOURCES: Activity['sources'] = { note: null, output: null, repeat: null, io: null, cpu: null }

/** A replacement goes on from what the record says: clocks, sources, and a hang that was found. */
const resumedProgress = (at: number, earlier: Activity | null): Progress => {
  const fresh = beginProgress(at)
  if (earlier === null) return fresh
  const { activity, progress, sources, stall } = earlier
  const repeat = sources.repeat?.monotonic ?? null
  const printed = Math.max(sources.output?.monotonic ?? progress, repeat ?? progress)
  return {
    ...fresh,
    activity,
    firm: activity,
    certain: progress,
    status: progress,
    progress,
    worked: progress,
    printed,
    computed: progress,
    repeat,
    ...(stall === null ? {} : resumedStall(stall)),
  }
}

/** A hang that two samples were needed for needs none anew. */
const resumedStall = (stall: Stall): Pick<Progress, 'stall' | 'blocked' | 'blockedSamples'> => {
  const { cause } = stall
  const blocked = cause === 'stopped' || cause === 'awaiting-input' ? cause : null
  return { stall, blocked, blockedSamples: blocked === null ? 0 : CERTAIN_SAMPLES }
}

/** What a worker waits for is looked at anew after so many samples of a hang. */
const WORDS_SAMPLES = 20

class IterationMonitor implements ActivityMonitor {
  readonly #from: ActivitySources
  readonly #novelty = new Novelty()
  readonly #sockets: SocketCheck
  readonly #context: Omit<AssessmentContext, 'allowedUntil'>
  readonly #before: { readonly io: number; readonly cpu: number }
  #progress: Progress
  #sources: Activity['sources']
  #series: ActivitySeries | undefined
  #longestQuiet: number
  #notes: number
  /** Of the monotonic clock. */
  #allowedUntil = Number.NEGATIVE_INFINITY
  #lastListener: string | null = null
  #waitsFor: { readonly cause: StallCause; readonly words: string | null; readonly samples: number } | null =
    null

  constructor({ options, heartbeat, watch: earlier }: LockRecord, from: ActivitySources) {
    const { interval } = heartbeat
    this.#from = from
    this.#context = {
      limits: { quietAfter: options.quiet_after, stuckAfter: options.stuck_after },
      interval,
    }
    this.#sockets = new SocketCheck(from.received ?? nothingReceived, this.#context.limits, interval)
    this.#progress = resumedProgress(from.clock.monotonic(), earlier)
    this.#sources = earlier?.sources ?? NO_SOURCES
    this.#series = earlier?.series
    this.#longestQuiet = earlier?.longest_quiet ?? 0
    this.#notes = earlier?.sources.note?.value ?? 0
    this.#before = { io: earlier?.sources.io?.value ?? 0, cpu: earlier?.sources.cpu?.value ?? 0 }
    if (earlier === null) return
    // What another refresher has seen is not new; the text has to be known all the same, and the promise holds.
    this.#kindOf(from.output.read())
    this.#allowedUntil = this.#promiseOf(from.notes.read())
  }

  sample(tree: readonly ProcessReference[], view: ProcessView): Seen {
    const { clock, output, notes, activity } = this.#from
    const at = clock.monotonic()
    const printed = output.read()
    const kind = printed.bytes > 0 ? this.#kindOf(printed) : null
    const noted = notes.read()
    if (noted.count > 0) this.#allowedUntil = this.#promiseOf(noted)
    const isClear = noted.count > 0 || kind === 'new'
    const read = activity.isExpensive && isClear ? null : activity.read(tree, view)
    const context = { ...this.#context, allowedUntil: this.#allowedUntil }
    const isNear = !isClear && nearStall(this.#progress, at, context)
    const listener = this.#listener(isNear ? activity.listener() : null)
    const sample: Sample = {
      ...(read ?? NOT_READ),
      at,
      note: noted.count > 0,
      output: {
        bytes: printed.bytes,
        kind,
        cycles: this.#novelty.cycles,
        grown: printed.bytes > 0 ? this.#novelty.grown : 0,
        hasMeasured: printed.bytes > 0 && this.#novelty.hasMeasured,
      },
      received: isClear ? null : this.#sockets.check(this.#progress, at, tree),
      listens: listener !== null,
      menu: listener !== null && this.#novelty.showsMenu,
    }
    const { progress, evidence, stall } = assess(this.#progress, sample, context)
    this.#progress = progress
    // When a sample finds something, nobody knows how long it was quiet before.
    this.#longestQuiet = Math.max(this.#longestQuiet, at - progress.activity)
    this.#notes += noted.count
    this.#series = extendSeries(this.#series, this.#context.interval, at, activityLevel(sample))
    this.#sources = this.#seenBy(sample, printed.total, read?.totals ?? null)
    return {
      evidence: evidence === null ? null : { source: evidence, epoch: clock.epoch() },
      watch: this.#watch(stall, listener),
    }
  }

  #kindOf({ text }: NewOutput): TextKind {
    const size = this.#from.screenSize?.() ?? null
    if (size !== null) this.#novelty.resize(size)
    return this.#novelty.observe(text)
  }

  /** A program that waits for a key may be busy with its cursor in the moment of one sample. */
  #listener(now: string | null): string | null {
    const isAwaited = this.#progress.stall?.cause === 'awaiting-input'
    const before = isAwaited ? this.#lastListener : null
    this.#lastListener = now
    return now ?? before
  }

  #watch(stall: Stall | null, listener: string | null): Activity {
    const words = stall === null ? null : this.#wordsFor(stall.cause, listener)
    if (stall === null) this.#waitsFor = null
    const { activity, progress } = this.#progress
    return {
      activity,
      progress,
      sources: this.#sources,
      stall: stall === null || words === null ? stall : { ...stall, waits_for: words },
      beats: 0,
      longest_quiet: this.#longestQuiet,
      ...(this.#series === undefined ? {} : { series: this.#series }),
    }
  }

  #wordsFor(cause: StallCause, listener: string | null): string | null {
    if (cause !== 'silent' && cause !== 'awaiting-input') return null
    const known = this.#waitsFor
    const isKnown = known !== null && known.cause === cause && known.samples < WORDS_SAMPLES
    const words = isKnown ? known.words : (listener ?? this.#from.activity.waitsFor())
    this.#waitsFor = { cause, words, samples: isKnown ? known.samples + 1 : 0 }
    return words
  }

  #seenBy(sample: Sample, printed: number, totals: TreeActivity['totals'] | null): Activity['sources'] {
    const { at, note, output, io, received, cpuSeconds } = sample
    const before = this.#sources
    const now = (value: number): LastSeen => ({ monotonic: at, value })
    const isNew = isNewText(output.kind)
    // The waking of threads moves bytes too, and means nothing.
    const moved = io.payload > 0 || io.all > io.lasting || (received ?? 0) > 0
    return {
      note: note ? now(this.#notes) : before.note,
      output: isNew ? now(printed) : before.output,
      repeat: output.bytes > 0 && !isNew ? now(printed) : before.repeat,
      io: moved ? now(this.#before.io + (totals?.ioBytes ?? 0)) : before.io,
      cpu: cpuSeconds > 0 ? now(this.#before.cpu + (totals?.cpuSeconds ?? 0)) : before.cpu,
    }
  }

  #promiseOf({ allowedUntil }: NewNotes): number {
    const { clock } = this.#from
    return allowedUntil === null
      ? Number.NEGATIVE_INFINITY
      : clock.monotonic() + Math.max(0, allowedUntil - clock.epoch())
  }
}

/** @param record of the iteration; a refresher before this one may have watched it already */
export const createActivityMonitor = (record: LockRecord, sources: ActivitySources): ActivityMonitor =>
  new IterationMonitor(record, sources)
