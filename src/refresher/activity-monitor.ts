/** Watches an iteration: what it notes, what it prints, what its processes do. core/progress.ts assesses it. */
import { Novelty } from '../core/novelty.ts'
import type { Clock, ProcessView } from '../core/ports.ts'
import { assess, beginProgress, type Progress, type Sample } from '../core/progress.ts'
import type { Activity, Evidence, LastSeen, LockRecord, ProcessReference } from '../core/record.ts'
import type { ActivityReader, TreeActivity } from '../process/tree-activity.ts'
import type { NewNotes, NotesTail } from './notes.ts'
import type { OutputTail } from './output-tail.ts'

export type ActivityMonitor = {
  /** @param tree the worker first, then its descendants @param view a fresh snapshot */
  sample(
    tree: readonly ProcessReference[],
    view: ProcessView,
  ): {
    /** The strongest that this sample contains; `null` for none. */
    readonly evidence: Evidence | null
    readonly watch: Activity
  }
}

type ActivitySources = {
  readonly output: Pick<OutputTail, 'read'>
  readonly notes: Pick<NotesTail, 'read'>
  readonly activity: ActivityReader
  readonly clock: Clock
}

const NOT_READ: Omit<TreeActivity, 'totals'> = {
  io: { lasting: 0, all: 0 },
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
}

const NO_SOURCES: Activity['sources'] = { note: null, output: null, repeat: null, io: null, cpu: null }

/** @param record of the iteration; a refresher before this one may have watched it already */
export const createActivityMonitor = (
  record: LockRecord,
  { output, notes, activity, clock }: ActivitySources,
): ActivityMonitor => {
  const { options, watch: earlier } = record
  const { interval } = record.heartbeat
  const limits = { quietAfter: options.quiet_after, stuckAfter: options.stuck_after }
  const novelty = new Novelty()
  let progress: Progress = {
    ...beginProgress(clock.monotonic()),
    ...(earlier === null
      ? {}
      : {
          activity: earlier.activity,
          progress: earlier.progress,
          repeat: earlier.sources.repeat?.monotonic ?? null,
        }),
  }
  let sources = earlier?.sources ?? NO_SOURCES
  let longestQuiet = earlier?.longest_quiet ?? 0
  let noteCount = earlier?.sources.note?.value ?? 0
  /** Of the monotonic clock. */
  let allowedUntil = Number.NEGATIVE_INFINITY
  const promiseOf = ({ allowedUntil: until }: NewNotes): number =>
    until === null ? Number.NEGATIVE_INFINITY : clock.monotonic() + Math.max(0, until - clock.epoch())
  // What another refresher has seen is not new; the text has to be known all the same, and the promise holds.
  if (earlier !== null) {
    novelty.observe(output.read().text)
    allowedUntil = promiseOf(notes.read())
  }
  const ioBefore = earlier?.sources.io?.value ?? 0
  const cpuBefore = earlier?.sources.cpu?.value ?? 0

  return {
    sample(tree, view) {
      const at = clock.monotonic()
      const { bytes, text, total } = output.read()
      const isNew = bytes > 0 && novelty.observe(text)
      const noted = notes.read()
      const hasNote = noted.count > 0
      if (hasNote) {
        noteCount += noted.count
        allowedUntil = promiseOf(noted)
      }
      const seen = activity.isExpensive && (hasNote || isNew) ? null : activity.read(tree, view)
      const sample: Sample = {
        ...(seen ?? NOT_READ),
        at,
        note: hasNote,
        output: { bytes, isNew },
      }
      const assessment = assess(progress, sample, limits, interval, allowedUntil)
      progress = assessment.progress
      // When a sample finds something, nobody knows how long it was quiet before.
      longestQuiet = Math.max(longestQuiet, at - progress.activity)
      const now = (value: number): LastSeen => ({ monotonic: at, value })
      sources = {
        note: hasNote ? now(noteCount) : sources.note,
        output: isNew ? now(total) : sources.output,
        repeat: bytes > 0 && !isNew ? now(total) : sources.repeat,
        io: sample.io.all > 0 ? now(ioBefore + (seen?.totals.ioBytes ?? 0)) : sources.io,
        cpu: sample.cpuSeconds > 0 ? now(cpuBefore + (seen?.totals.cpuSeconds ?? 0)) : sources.cpu,
      }
      return {
        evidence: assessment.evidence === null ? null : { source: assessment.evidence, epoch: clock.epoch() },
        watch: {
          activity: progress.activity,
          progress: progress.progress,
          sources,
          stall: assessment.stall,
          beats: 0,
          longest_quiet: longestQuiet,
        },
      }
    },
  }
}
