/**
 * When a session ran, iterated and hung, from its history and from what is seen of it now. Pure.
 *
 * The death of an owner is no entry of the history. A run without an `ended` event has died if a later run began, or if
 * the record says so.
 */
import { type EventEntry, endOf, type HistoryEntry, isIteration } from './history.ts'
import type { LockRecord } from './record.ts'
import type { Span } from './spans.ts'
import { CAUSES, type Cause, type Verdict } from './verdict.ts'

/** What is seen of a session now. */
export type Present = {
  readonly record: LockRecord | null
  readonly verdict: Pick<Verdict, 'state' | 'cause'>
  /** Unix seconds. */
  readonly now: number
}

export type RunSpan = Span & { readonly generation: number; readonly died: boolean }
/** `unknown`: of a version that has other causes. */
export type HungCause = Cause | 'unknown'
export type HungSpan = Span & { readonly cause: HungCause }

export type RunSpans = {
  /** In the order of their numbers. */
  readonly runs: readonly RunSpan[]
  /** Also the one that runs now. */
  readonly iterations: readonly Span[]
  readonly hung: readonly HungSpan[]
}

const spanOf = (entry: HistoryEntry): Span =>
  entry.kind === 'event'
    ? { from: entry.epoch, to: entry.epoch }
    : { from: entry.started_epoch, to: endOf(entry) }

const isEnd = (entry: HistoryEntry): entry is EventEntry => entry.kind === 'event' && entry.event === 'ended'

/** What an owner that met an error of its own writes as its end. */
const isDeath = ({ detail }: EventEntry): boolean => detail?.startsWith('owner-died') === true

/** Of the run in the record; `null` for any other. */
const lastRun = (generation: number, { record, verdict, now }: Present): Omit<RunSpan, 'from'> | null => {
  if (record?.generation !== generation) return null
  const { ended, heartbeat } = record
  if (ended !== null) return { generation, to: ended.epoch, died: ended.reason === 'owner-died' }
  // Of one that cannot be seen from here its last heartbeat is all that is known.
  const isAlive = verdict.state === 'active' || verdict.state === 'hung'
  return { generation, to: isAlive ? now : heartbeat.epoch, died: verdict.state === 'dead' }
}

const isReaped = (entry: HistoryEntry): boolean => entry.kind === 'event' && entry.event === 'reaped'

const runOf = (generation: number, entries: readonly HistoryEntry[], present: Present): RunSpan => {
  // It is reaped long after its death, perhaps.
  const own = entries.filter((entry) => !isReaped(entry))
  const spans = (own.length === 0 ? entries : own).map(spanOf)
  const started = present.record?.generation === generation ? [present.record.started_epoch] : []
  const from = Math.min(...spans.map((span) => span.from), ...started)
  const seen = Math.max(...spans.map((span) => span.to), ...started)
  const end = entries.find(isEnd)
  if (end !== undefined) return { generation, from, to: end.epoch, died: isDeath(end) }
  return { from, ...(lastRun(generation, present) ?? { generation, to: seen, died: true }) }
}

const byGeneration = (
  entries: readonly HistoryEntry[],
  { record }: Present,
): readonly (readonly [number, readonly HistoryEntry[]])[] => {
  const runs = new Map<number, HistoryEntry[]>()
  for (const entry of entries) {
    const known = runs.get(entry.generation)
    if (known === undefined) runs.set(entry.generation, [entry])
    else known.push(entry)
  }
  // Its history may have been removed.
  if (record !== null && !runs.has(record.generation)) runs.set(record.generation, [])
  return [...runs].sort(([a], [b]) => a - b)
}

/** The iteration that has begun and has no entry yet. */
const openIteration = (
  entries: readonly HistoryEntry[],
  run: RunSpan,
  { record }: Present,
): readonly Span[] => {
  if (record === null || record.generation !== run.generation || record.ended !== null) return []
  const { number, started_epoch: from } = record.iteration
  if (from === null || (record.phase !== 'running' && record.phase !== 'stopping')) return []
  const isKnown = entries.some((entry) => isIteration(entry) && entry.iteration === number)
  return isKnown ? [] : [{ from, to: run.to }]
}

const causeOf = (detail: string | null): HungCause => CAUSES.find((cause) => cause === detail) ?? 'unknown'

/** A hang is over with the next beat, the end of its iteration, or the end of the run. */
const hungIn = (entries: readonly HistoryEntry[], run: RunSpan): readonly HungSpan[] => {
  const spans: HungSpan[] = []
  let open: { readonly from: number; readonly cause: HungCause; readonly iteration: number } | null = null
  const close = (to: number): void => {
    if (open !== null) spans.push({ from: open.from, to, cause: open.cause })
    open = null
  }
  for (const entry of entries) {
    if (isIteration(entry)) {
      if (open?.iteration === entry.iteration) close(endOf(entry))
    } else if (entry.event === 'active-again') close(entry.epoch)
    else if (entry.event === 'hung')
      open ??= { from: entry.epoch, cause: causeOf(entry.detail), iteration: entry.iteration }
  }
  close(run.to)
  return spans
}

/** Of a session that is hung, and whose guard could not write that down. */
const hungNow = (spans: readonly HungSpan[], { record, verdict, now }: Present): readonly HungSpan[] => {
  if (verdict.state !== 'hung' || record === null || spans.some(({ to }) => to === now)) return []
  const { epoch, stale_after } = record.heartbeat
  return [{ from: epoch + stale_after, to: now, cause: verdict.cause ?? 'unknown' }]
}

/** @param entries in the order of the file */
export const runSpans = (entries: readonly HistoryEntry[], present: Present): RunSpans => {
  const found = byGeneration(entries, present).map(([generation, ofRun]) => {
    const run = runOf(generation, ofRun, present)
    return {
      run,
      iterations: [...ofRun.filter(isIteration).map(spanOf), ...openIteration(ofRun, run, present)],
      hung: hungIn(ofRun, run),
    }
  })
  const hung = found.flatMap((one) => one.hung)
  return {
    runs: found.map(({ run }) => run),
    iterations: found.flatMap(({ iterations }) => iterations),
    hung: [...hung, ...hungNow(hung, present)],
  }
}
