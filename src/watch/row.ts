/** What the table shows of one session. Pure. */
import type { Style } from '../cli/terminal.ts'
import { formatDuration } from '../core/duration.ts'
import { hasScreen, isWorkerStalled } from '../core/next-steps.ts'
import { printable } from '../core/printable.ts'
import type { ActivitySeries, LockRecord } from '../core/record.ts'
import { coarseDuration, symbolOf } from '../core/status-segment.ts'
import { describeWant, ordinal, type Ticket } from '../core/ticket.ts'
import { finalProgress, type Progress, progressOf } from '../core/time-left.ts'
import { needsPerson, urgency, type Watched } from '../core/urgency.ts'
import type { Now, State } from '../core/verdict.ts'
import { briefText } from '../core/verdict-text.ts'

export type Row = {
  readonly session: string
  readonly state: State
  readonly ownerAlive: boolean | null
  /** The smallest comes first. */
  readonly urgency: number
  readonly symbol: string
  /** The state, or that it needs a person. */
  readonly label: string
  readonly style: Style
  readonly generation: number | null
  readonly iteration: string
  readonly progress: Progress
  /** From 0 to 8, the newest last; empty when nothing was seen. */
  readonly levels: readonly number[]
  readonly heartbeat: string
  readonly reason: string
  /** The reason without what other columns say. */
  readonly brief: string
  /** Keys that make sense now, and what they do; the best first. */
  readonly next: readonly string[]
  /** Differs whenever something has happened that is worth a look. */
  readonly change: string
}

const STYLES: Readonly<Record<State, Style>> = {
  hung: 'red',
  dead: 'red',
  unknown: 'yellow',
  active: 'green',
  free: 'dim',
}

/** The stretches of time since the last one count as empty: the refresher has not written them. */
const levelsUntil = (series: ActivitySeries | undefined, monotonic: number): readonly number[] => {
  if (series === undefined) return []
  const passed = Math.max(0, Math.floor((monotonic - series.last) / series.bucket))
  return [...series.levels, ...Array<number>(Math.min(passed, series.levels.length)).fill(0)]
}

const changeOf = ({ attention, verdict }: Watched, record: LockRecord | null): string =>
  [
    verdict.state,
    verdict.cause,
    attention?.kind,
    attention?.text,
    record?.generation,
    record?.iteration.number,
    record?.ended?.reason,
  ].join(' ')

const NO_PROGRESS: Progress = { fraction: null, left: null }

/** Of a run that waits to begin. */
export type Waiter = {
  readonly ticket: Pick<Ticket, 'wants' | 'since_epoch'>
  /** 1 for the first. */
  readonly turn: number
}

const waitingText = ([first, ...others]: readonly Waiter[], { epoch }: Now): string => {
  if (first === undefined) return ''
  const age = formatDuration(Math.max(0, Math.round(epoch - first.ticket.since_epoch)))
  const more = others.length === 0 ? '' : `, and ${others.length} more behind it`
  return `a run waits for ${first.ticket.wants.map(describeWant).join(', ')}, ${ordinal(first.turn)} in line, for ${age}${more}`
}

/** Who waits comes first, but behind what a person has to do something about: a narrow table shows the start only. */
const reasonText = (watched: Watched, waiting: string): string => {
  const { reason } = watched.verdict
  if (waiting === '') return reason
  return needsPerson(watched) ? `${reason}; ${waiting}` : `${waiting}; ${reason}`
}

const STOP = 's stops it'
const TAKE_OVER = 'f takes it over'

const nextKeys = ({ attention, verdict, stored }: Watched): readonly string[] => {
  const hasPane = stored.kind === 'record' && hasScreen(stored.record)
  const look = hasPane ? 'Enter shows its pane' : 'l shows what it printed'
  if (attention !== null) return [hasPane ? 'Enter shows its pane, to answer there' : look]
  switch (verdict.state) {
    case 'hung':
      return isWorkerStalled(verdict)
        ? [look, 'i ends the iteration', TAKE_OVER, STOP]
        : [look, TAKE_OVER, STOP]
    case 'dead':
      return ['f continues it', 'r ends what it left', 'l shows what it printed']
    case 'unknown':
      return ['w says why']
    case 'active':
    case 'free':
      return []
  }
}

const progressIn = ({ stored, verdict }: Watched, durations: readonly number[], now: Now): Progress => {
  if (stored.kind !== 'record') return NO_PROGRESS
  return verdict.state === 'dead'
    ? finalProgress(stored.record)
    : progressOf(stored.record, durations, now.epoch)
}

/** @param durations seconds that earlier iterations have taken @param waiters its runs that wait to begin, in order */
export const rowOf = (
  watched: Watched,
  durations: readonly number[],
  now: Now,
  waiters: readonly Waiter[] = [],
): Row => {
  const { session, stored, verdict, attention } = watched
  const record = stored.kind === 'record' ? stored.record : null
  const { state } = verdict
  const reason = printable(reasonText(watched, waitingText(waiters, now)))
  return {
    session,
    state,
    ownerAlive: verdict.ownerAlive,
    urgency: urgency(watched),
    symbol: symbolOf(watched),
    label: attention === null ? state : 'needs you',
    style: attention === null ? STYLES[state] : 'yellow',
    generation: record?.generation ?? null,
    iteration: record === null ? '-' : `${record.iteration.number}/${record.iteration.total ?? '∞'}`,
    progress: progressIn(watched, durations, now),
    levels: record?.ended == null ? levelsUntil(record?.watch?.series, now.monotonic) : [],
    heartbeat:
      state === 'free' || verdict.heartbeatAge === null
        ? '-'
        : coarseDuration(Math.max(0, verdict.heartbeatAge)),
    reason,
    brief: briefText(reason),
    next: nextKeys(watched),
    change: `${changeOf(watched, record)} ${waiters.map(({ turn }) => turn).join()}`,
  }
}

export const inOrder = (rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => a.urgency - b.urgency || (a.session < b.session ? -1 : 1))

/** `~12m`, or nothing. */
export const leftText = ({ left }: Progress): string => (left === null ? '' : `~${coarseDuration(left)}`)

export const leftWords = ({ left }: Progress, isEndless: boolean): string =>
  left === null
    ? ''
    : `about ${formatDuration(Math.round(left))} left${isEndless ? ' of this iteration' : ''}`
