/** What `--notify` is told: one JSON object on its standard input, and the same in short in its environment. Pure. */
import { END_TEXTS } from './end-text.ts'
import { type EventEntry, WORKER_EVENTS } from './history.ts'
import { nameIteration } from './iteration-text.ts'
import { printable } from './printable.ts'
import type { Ended, LockRecord } from './record.ts'
import { CAUSES, type Cause, type Now } from './verdict.ts'
import { describeCause } from './verdict-text.ts'

export const NOTICE_EVENTS = [...WORKER_EVENTS, 'owner-died', 'ended'] as const
export type NoticeEvent = (typeof NOTICE_EVENTS)[number]

/** As JSON it is what the command reads. Epochs are Unix seconds. */
export type Notice = {
  readonly event: NoticeEvent
  readonly session: string
  readonly generation: number
  readonly iteration: number
  readonly epoch: number
  /** In words, on one line. */
  readonly reason: string
  /** Of `hung`, else `null`. */
  readonly cause: Cause | null
  /** Of `ended`, else `null`. */
  readonly exit_code: number | null
  readonly host: string
  readonly cwd: string
  readonly lock_dir: string
  readonly tmux: { readonly session: string; readonly pane: string } | null
  /** Set by `lock.sh notify-test`: nothing has happened. */
  readonly test?: true
}

export type NoticeParts = Pick<Notice, 'event' | 'reason'> &
  Partial<Pick<Notice, 'cause' | 'exit_code' | 'test'>>

/** @param lockDir absolute */
export const noticeOf = (record: LockRecord, lockDir: string, epoch: number, parts: NoticeParts): Notice => {
  const { session, generation, iteration, owner, cwd, tmux } = record
  return {
    event: parts.event,
    session,
    generation,
    iteration: iteration.number,
    epoch,
    reason: printable(parts.reason),
    cause: parts.cause ?? null,
    exit_code: parts.exit_code ?? null,
    host: owner.host,
    cwd,
    lock_dir: lockDir,
    tmux: tmux === null ? null : { session: tmux.session, pane: tmux.pane },
    ...(parts.test === undefined ? {} : { test: parts.test }),
  }
}

const SEEN_TEXTS: Readonly<Record<string, string>> = {
  start: 'its iteration has begun',
  note: 'it has left a note',
  output: 'it has printed something new',
  io: 'it reads or writes again',
  cpu: 'it uses the processor again',
}

/** Of an event of the history; `null` for one that nobody is told of. @param record as it is at the event */
export const noticeOfEvent = (
  { event, detail }: Pick<EventEntry, 'event' | 'detail'>,
  record: LockRecord,
  now: Now,
): NoticeParts | null => {
  switch (event) {
    case 'hung': {
      const cause = CAUSES.find((known) => known === detail) ?? 'silent'
      return {
        event,
        cause,
        reason: `${describeCause(record, cause, now)}; ${nameIteration(record.iteration)}`,
      }
    }
    case 'active-again':
      return { event, reason: SEEN_TEXTS[detail ?? ''] ?? 'there are heartbeats again' }
    case 'needs-input':
      return { event, reason: `needs you: ${detail ?? ''}` }
    case 'turn-ended':
      return { event, reason: detail ? `its turn has ended: ${detail}` : 'its turn has ended' }
    default:
      return null
  }
}

export const noticeOfEnd = ({ iteration }: LockRecord, ended: Omit<Ended, 'epoch'>): NoticeParts => {
  const { reason, exit_code: code, detail } = ended
  const how = code === null ? '' : ` with exit code ${code}`
  const rule = detail === undefined ? '' : `: ${detail}`
  return {
    event: reason === 'owner-died' ? 'owner-died' : 'ended',
    exit_code: code,
    reason: `${END_TEXTS[reason]}${how} in ${nameIteration(iteration)}${rule}`,
  }
}

/** @param isWorkerGone whether nothing of its worker is left */
export const noticeOfDeath = ({ owner, iteration }: LockRecord, isWorkerGone: boolean): NoticeParts => ({
  event: 'owner-died',
  reason: `the owner (pid ${owner.pid}) has died in ${nameIteration(iteration)}${isWorkerGone ? '' : '; its worker cannot be ended'}`,
})

/** Beside the environment of whoever tells. */
export const noticeEnvironment = (notice: Notice): Readonly<Record<string, string>> => ({
  LOCK_EVENT: notice.event,
  LOCK_SESSION: notice.session,
  LOCK_REASON: notice.reason,
  LOCK_DIR: notice.lock_dir,
})
