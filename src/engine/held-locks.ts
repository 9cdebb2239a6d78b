/** The errors for what a run needs beside its session and others have: paths, places, an earlier turn. */
import { formatDuration } from '../core/duration.ts'
import { errors, type LockError } from '../core/errors.ts'
import { describeOwner, nameHolders } from '../core/held.ts'
import { describeLimit, type Limit } from '../core/places.ts'
import { printable } from '../core/printable.ts'
import { describeWant, type FiledTicket, type Want } from '../core/ticket.ts'
import { holdersOf } from '../process/holders.ts'
import { openSession } from '../session/session.ts'
import type { LockFileHolder } from '../store/holder.ts'
import type { World } from '../world.ts'

/** Who has this lock: the session that says so, when it runs, and otherwise the processes that have the file open. */
const describeHolder = (world: World, { file, session }: LockFileHolder): string => {
  const record = session === null ? null : openSession(world, session).snapshot().record
  if (session !== null && record !== null && record.ended === null)
    return `${session}, ${describeOwner(record, world.now())}`
  const processes = nameHolders(holdersOf(file, world.inspector))
  return session === null ? processes : `${session}, which starts or ends: ${processes}`
}

const stopHint = ({ session }: LockFileHolder): string =>
  session === null ? '' : `   End it: engine.sh stop ${session}`

export const inUseError = (world: World, path: string, holder: LockFileHolder): LockError =>
  errors.held(
    `${printable(path)} (--exclusive) is held by ${describeHolder(world, holder)}`,
    `Wait for it: --wait${stopHint(holder)}`,
  )

const SHOWN_HOLDERS = 10

export const noPlaceError = (world: World, limit: Limit, holders: readonly LockFileHolder[]): LockError => {
  const shown = holders.slice(0, SHOWN_HOLDERS).map((holder) => `\n  ${describeHolder(world, holder)}`)
  const more = holders.length > SHOWN_HOLDERS ? `\n  and ${holders.length - SHOWN_HOLDERS} more` : ''
  return errors.held(
    `no place is free: ${printable(describeLimit(limit))}, and these have one:${shown.join('')}${more}`,
    'Wait for a place: --wait   End one: engine.sh stop NAME   See all: lock.sh status',
  )
}

/** `pid 7 (ann@here), for docs, since 5m`: who waits, and to run what. */
export const describeWaiter = ({ ticket }: FiledTicket, now: number): string => {
  const { waiter, session, since_epoch } = ticket
  const since = formatDuration(Math.max(0, now - since_epoch))
  return `pid ${waiter.pid} (${printable(waiter.user)}@${printable(waiter.host)}), which is to run ${session} and has waited for ${since}`
}

export const waitedForError = (world: World, want: Want, first: FiledTicket): LockError =>
  errors.held(
    `${printable(describeWant(want))} is waited for by ${describeWaiter(first, world.now().epoch)}`,
    'Wait in line: --wait   See who waits: lock.sh status',
  )
