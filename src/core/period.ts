/**
 * What a session did in a period of time, and what it needs now: what `lock.sh report` shows. Pure.
 *
 * Epochs are Unix seconds, durations are seconds. An iteration belongs to the period in which it ended.
 */
import type { Attention } from './attention.ts'
import { endOf, type HistoryEntry, type IterationEntry, isIteration } from './history.ts'
import { type Changed, hasChanged, NOTHING_CHANGED } from './loop/changed.ts'
import { nextSteps, type Step } from './next-steps.ts'
import type { EndReason, IterationResult } from './record.ts'
import { type HungCause, type RunSpan, type RunSpans, runSpans } from './run-spans.ts'
import { overlaps, type Span, secondsIn } from './spans.ts'
import { needsPerson, type Watched } from './urgency.ts'
import { CAUSES, type Cause, type State } from './verdict.ts'

export type IterationCounts = Readonly<Record<IterationResult, number>> & {
  readonly done: number
  /** Ended by the kernel for memory; counted in its result, too. */
  readonly out_of_memory: number
}

/** `head_moved` and `changed` are of any iteration; a file that two iterations have changed counts twice. */
export type ChangedInPeriod = Changed & {
  /** Iterations that have changed something, and those of which that is not known. */
  readonly iterations: number
  readonly unknown: number
}

/** A session had another owner, or none, from here on. `from` is the run before; `null` when it is not known. */
export type OwnerEvent = {
  readonly epoch: number
  readonly kind: 'owner-died' | 'forced' | 'resumed' | 'reaped'
  readonly generation: number
  readonly from: number | null
}

export type IncidentInPeriod = {
  readonly epoch: number
  readonly generation: number
  /** Of the bundle; it may have been removed since. */
  readonly path: string
}

export type SessionPeriod = {
  readonly session: string
  readonly state: State
  readonly reason: string
  readonly cause: Cause | null
  readonly attention: Attention | null
  readonly ended: {
    readonly epoch: number
    readonly reason: EndReason
    readonly exit_code: number | null
  } | null
  /** It cannot go on by itself. */
  readonly needs_person: boolean
  readonly iterations: IterationCounts
  readonly changed: ChangedInPeriod
  /** `active`: in an iteration, and not hung. `waiting`: in a run, between two iterations. */
  readonly seconds: { readonly active: number; readonly waiting: number; readonly hung: number }
  /** Seconds for each cause. */
  readonly hung_causes: Readonly<Partial<Record<HungCause, number>>>
  /** How often it has asked for a person. */
  readonly asked: number
  readonly owners: readonly OwnerEvent[]
  readonly incidents: readonly IncidentInPeriod[]
  readonly next: Step | null
}

export type SessionFacts = Watched & {
  readonly entries: readonly HistoryEntry[]
}

const momentOf = (entry: HistoryEntry): number => (isIteration(entry) ? endOf(entry) : entry.epoch)

const countIterations = (iterations: readonly IterationEntry[]): IterationCounts => {
  const of = (result: IterationResult): number => iterations.filter((entry) => entry.result === result).length
  return {
    done: iterations.length,
    ok: of('ok'),
    failed: of('failed'),
    killed: of('killed'),
    timeout: of('timeout'),
    interrupted: of('interrupted'),
    out_of_memory: iterations.filter(({ oom }) => oom === true).length,
  }
}

const sumChanged = (all: readonly (Changed | null)[]): ChangedInPeriod => {
  const known = all.filter((changed) => changed !== null)
  const sum = known.reduce(
    (a, b) => ({
      commits: a.commits + b.commits,
      files: a.files + b.files,
      head_moved: a.head_moved || b.head_moved,
      notes: a.notes + b.notes,
      output: a.output + b.output,
    }),
    NOTHING_CHANGED,
  )
  return { ...sum, iterations: known.filter(hasChanged).length, unknown: all.length - known.length }
}

/** An owner that ends so soon before it is taken over by force has been ended for that. */
const FORCE_SECONDS = 60

const ownerDeaths = (runs: readonly RunSpan[], entries: readonly HistoryEntry[]): readonly OwnerEvent[] =>
  runs.flatMap(({ generation, to, died }) => {
    if (!died) return []
    const wasForced = entries.some(
      (entry) =>
        entry.kind === 'event' &&
        entry.event === 'forced' &&
        entry.generation > generation &&
        entry.epoch - to < FORCE_SECONDS,
    )
    return wasForced ? [] : [{ epoch: to, kind: 'owner-died' as const, generation, from: null }]
  })

const ownerEvents = ({ runs }: RunSpans, entries: readonly HistoryEntry[]): readonly OwnerEvent[] => {
  const before = (generation: number): number | null =>
    runs.findLast((run) => run.generation < generation)?.generation ?? null
  const events = entries.flatMap((entry): readonly OwnerEvent[] => {
    if (entry.kind !== 'event') return []
    const { event: kind, epoch, generation } = entry
    if (kind === 'reaped') return [{ epoch, kind, generation, from: null }]
    return kind === 'forced' || kind === 'resumed'
      ? [{ epoch, kind, generation, from: before(generation) }]
      : []
  })
  return [...ownerDeaths(runs, entries), ...events].sort((a, b) => a.epoch - b.epoch)
}

/** `forced` and `reaped` have the bundle's path as their detail. */
const incidentIn = (entry: HistoryEntry): string | null => {
  if (isIteration(entry)) return entry.incident
  return entry.event === 'forced' || entry.event === 'reaped' ? entry.detail : null
}

const incidentsIn = (entries: readonly HistoryEntry[]): readonly IncidentInPeriod[] =>
  entries.flatMap((entry) => {
    const path = incidentIn(entry)
    return path === null ? [] : [{ epoch: momentOf(entry), generation: entry.generation, path }]
  })

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000

const timesOf = (spans: RunSpans, period: Span): Pick<SessionPeriod, 'seconds' | 'hung_causes'> => {
  const hung = secondsIn(spans.hung, period)
  const busy = secondsIn([...spans.iterations, ...spans.hung], period)
  const all = secondsIn([...spans.runs, ...spans.iterations, ...spans.hung], period)
  const causes: Partial<Record<HungCause, number>> = {}
  for (const span of spans.hung) {
    const seconds = secondsIn([span], period)
    if (seconds > 0) causes[span.cause] = rounded((causes[span.cause] ?? 0) + seconds)
  }
  return {
    seconds: { active: rounded(busy - hung), waiting: rounded(all - busy), hung: rounded(hung) },
    hung_causes: causes,
  }
}

/** The command that makes sense next; of a run that ended well there is no more to do than to look. */
const nextOf = ({ session, stored, verdict, attention }: Watched): Step | null => {
  const ended = stored.kind === 'record' ? stored.record.ended : null
  if (verdict.state === 'free' && ended?.reason === 'failed')
    return { command: `lock.sh logs ${session} -n 50`, purpose: 'read what it printed last' }
  if (verdict.state === 'free' && ended?.reason !== 'interrupted')
    return { command: `lock.sh history ${session}`, purpose: 'see what its runs did' }
  return nextSteps(session, stored, verdict, { isHeld: false, isAsking: attention !== null })[0] ?? null
}

/** @returns `null` when the session did nothing in the period, and needs nobody now */
export const summarizePeriod = (facts: SessionFacts, period: Span): SessionPeriod | null => {
  const { session, stored, verdict, attention, entries } = facts
  const record = stored.kind === 'record' ? stored.record : null
  const spans = runSpans(entries, { record, verdict, now: period.to })
  const needs = needsPerson(facts)
  const inPeriod = entries.filter((entry) => momentOf(entry) >= period.from)
  const wasThere = inPeriod.length > 0 || spans.runs.some((run) => overlaps(run, period))
  if (!wasThere && !needs && verdict.state !== 'unknown') return null
  const iterations = inPeriod.filter(isIteration)
  const ended = record?.ended ?? null
  return {
    session,
    state: verdict.state,
    reason:
      record === null && entries.length > 0 && stored.kind === 'none' ? 'its record is gone' : verdict.reason,
    cause: verdict.cause,
    attention,
    ended: ended === null ? null : { epoch: ended.epoch, reason: ended.reason, exit_code: ended.exit_code },
    needs_person: needs,
    iterations: countIterations(iterations),
    changed: sumChanged(iterations.map(({ changed }) => changed)),
    ...timesOf(spans, period),
    asked: inPeriod.filter((entry) => entry.kind === 'event' && entry.event === 'needs-input').length,
    owners: ownerEvents(spans, entries).filter(({ epoch }) => epoch >= period.from),
    incidents: incidentsIn(inPeriod),
    next: nextOf(facts),
  }
}

export type PeriodSums = Pick<SessionPeriod, 'iterations' | 'changed' | 'seconds' | 'hung_causes'> & {
  readonly sessions: number
  readonly needing_person: number
  readonly owners_died: number
  readonly taken_over: number
  readonly incidents: number
}

const HUNG_CAUSES: readonly HungCause[] = [...CAUSES, 'unknown']

const added = <Key extends string>(
  all: readonly Readonly<Partial<Record<Key, number>>>[],
  keys: readonly Key[],
): Readonly<Record<Key, number>> =>
  Object.fromEntries(
    keys.map((key) => [key, rounded(all.reduce((sum, one) => sum + (one[key] ?? 0), 0))]),
  ) as Readonly<Record<Key, number>>

export const sumPeriods = (all: readonly SessionPeriod[]): PeriodSums => {
  const owners = all.flatMap((one) => one.owners)
  const causes = all.map(({ hung_causes }) => hung_causes)
  const changed = all.map((one) => one.changed)
  return {
    sessions: all.length,
    needing_person: all.filter(({ needs_person }) => needs_person).length,
    iterations: added(
      all.map(({ iterations }) => iterations),
      ['done', 'ok', 'failed', 'killed', 'timeout', 'interrupted', 'out_of_memory'],
    ),
    changed: {
      ...added(changed, ['commits', 'files', 'notes', 'output', 'iterations', 'unknown']),
      head_moved: changed.some(({ head_moved }) => head_moved),
    },
    seconds: added(
      all.map(({ seconds }) => seconds),
      ['active', 'waiting', 'hung'],
    ),
    hung_causes: added(
      causes,
      HUNG_CAUSES.filter((cause) => causes.some((one) => one[cause] !== undefined)),
    ),
    owners_died: owners.filter(({ kind }) => kind === 'owner-died').length,
    taken_over: owners.filter(({ kind }) => kind === 'forced').length,
    incidents: all.reduce((sum, { incidents }) => sum + incidents.length, 0),
  }
}

/** Whether somebody should look at it: it needs a person, or cannot be told, or its run has failed. */
export const isTrouble = ({ needs_person, state, ended }: SessionPeriod): boolean =>
  needs_person || state === 'unknown' || (state === 'free' && ended?.reason === 'failed')

/** Those that need a person first, then what could not be told, what failed, what runs, and what ended well. */
const rankOf = ({ attention, state, ended }: SessionPeriod): number => {
  if (attention !== null) return 0
  if (state === 'free') return ended?.reason === 'failed' ? 4 : 6
  return { hung: 1, dead: 2, unknown: 3, active: 5 }[state]
}

export const byNeed = (all: readonly SessionPeriod[]): readonly SessionPeriod[] =>
  all.toSorted((a, b) => rankOf(a) - rankOf(b) || (a.session < b.session ? -1 : 1))
