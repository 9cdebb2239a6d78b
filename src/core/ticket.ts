/**
 * The line of those that wait with `--wait`: each has a ticket, a file in `.waiting/` that it keeps locked while it waits. Pure.
 *
 * The line is one for each thing that can be waited for, and first come, first served: a run takes nothing for which
 * somebody with an earlier ticket waits. Tickets are for the order only; who gets a lock the kernel decides.
 */
import { isObject, isSeconds, isText } from './checks.ts'
import type { OwnerProcess, TmuxTarget } from './record.ts'
import { isOwnerProcess, isTmuxTarget } from './record-file.ts'

/** What a run needs and others may have: `session:NAME`, `path:PATH`, `place:GROUP`. */
export type Want = `session:${string}` | `path:${string}` | `place:${string}`

export const sessionWant = (name: string): Want => `session:${name}`
export const pathWant = (path: string): Want => `path:${path}`
export const placeWant = (group: string | null): Want => `place:${group ?? ''}`

export type Ticket = {
  /** That is to run. */
  readonly session: string
  /** Who waits. */
  readonly waiter: OwnerProcess
  readonly since_epoch: number
  /**
   * What it waits for at the moment, which is one thing. When that changes it takes a new ticket with the old number.
   * One that takes a session from its owner has all that it needs here, so that nobody else takes that meanwhile.
   */
  readonly wants: readonly Want[]
  /** It takes a session from its owner, and so comes before those that wait. */
  readonly force: boolean
  readonly tmux: TmuxTarget | null
}

/** `number`: tickets with a lower one come first, and among equals the one with the lower `file`. */
export type FiledTicket = { readonly number: number; readonly file: string; readonly ticket: Ticket }

export const describeWant = (want: Want): string => {
  const [kind, name] = [want.slice(0, want.indexOf(':')), want.slice(want.indexOf(':') + 1)]
  if (kind !== 'place') return name
  return name === '' ? 'a place' : `a place of group ${name}`
}

export const encodeTicket = (ticket: Ticket): string => `${JSON.stringify(ticket)}\n`

const isWant = (value: unknown): boolean => isText(value) && /^(session|path|place):/.test(value)

/** `null` for what is no ticket of this version. */
export const parseTicket = (text: string): Ticket | null => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const isTicket =
    isObject(value) &&
    isText(value.session) &&
    isOwnerProcess(value.waiter) &&
    isSeconds(value.since_epoch) &&
    Array.isArray(value.wants) &&
    value.wants.every(isWant) &&
    typeof value.force === 'boolean' &&
    (value.tmux === null || isTmuxTarget(value.tmux))
  return isTicket ? (value as Ticket) : null
}

/** In the order of their turn. */
export const inOrder = (a: FiledTicket, b: FiledTicket): number => {
  if (a.ticket.force !== b.ticket.force) return a.ticket.force ? -1 : 1
  return a.number - b.number || (a.file < b.file ? -1 : 1)
}

/**
 * Those that come before, for one of these things; the nearest is the last.
 *
 * @param mine `null` for one that does not wait: then all come before
 */
export const ticketsAhead = (
  tickets: readonly FiledTicket[],
  wants: readonly Want[],
  mine: FiledTicket | null,
): readonly FiledTicket[] =>
  tickets
    .filter((other) => other.ticket.wants.some((want) => wants.includes(want)))
    .filter((other) => mine === null || (other.file !== mine.file && inOrder(other, mine) < 0))
    .sort(inOrder)

const ORDINAL_ENDINGS: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' }

/** `1st`, `12th`. */
export const ordinal = (number: number): string => {
  const ending = number % 100 >= 11 && number % 100 <= 13 ? undefined : ORDINAL_ENDINGS[number % 10]
  return `${number}${ending ?? 'th'}`
}
