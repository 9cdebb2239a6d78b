/**
 * The files of `.waiting/`: one for each run that waits, locked by it as long as it does, so that others can wait for its
 * turn to pass without polling. See core/ticket.ts.
 *
 * A ticket's name is its number and a random part. A name is never used twice: whoever removes a dead one cannot hit another.
 */
import { closeSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { encodeTicket, type FiledTicket, type Ticket } from '../core/ticket.ts'
import { type HeldLock, tryAcquire } from './kernel-lock.ts'
import { makeOwnDir } from './lock-dir.ts'
import type { LockTool } from './lock-tool.ts'
import { namesIn, removeTicket, TICKET_NAME, ticketPath, waitingDir } from './ticket-files.ts'

export type HeldTicket = FiledTicket & { release(): void }

const nextNumber = (lockDir: string): number =>
  1 + Math.max(0, ...namesIn(lockDir).map((file) => Number(TICKET_NAME.exec(file)?.[1] ?? 0)))

const UNFINISHED_SECONDS = 3600

/** Whoever was killed while it took a ticket has left a file that is none. */
const removeUnfinished = (lockDir: string): void => {
  for (const file of namesIn(lockDir).filter((name) => name.startsWith('.new-'))) {
    const made = statSync(ticketPath(lockDir, { file }), { throwIfNoEntry: false })?.mtimeMs
    if (made !== undefined && Date.now() - made > UNFINISHED_SECONDS * 1000) removeTicket(lockDir, { file })
  }
}

type TicketParts = {
  readonly lockDir: string
  readonly tool: LockTool
  readonly clock: Clock
  /** The number of the ticket that this one replaces. */
  readonly number?: number | undefined
}

/** It is locked before others can see it: one that is not locked is a dead one's. */
export const takeTicket = async (ticket: Ticket, parts: TicketParts): Promise<HeldTicket> => {
  const { lockDir, tool, clock } = parts
  makeOwnDir(waitingDir(lockDir))
  removeUnfinished(lockDir)
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  const mark = randomBytes(8).toString('hex')
  const hidden = join(waitingDir(lockDir), `.new-${mark}`)
  const lock: HeldLock | null = await tryAcquire(hidden, tool, clock, 0)
  if (lock === null) throw errors.io(`${hidden} cannot be locked`, 'it is held')
  try {
    writeFileSync(hidden, encodeTicket(ticket))
    const number = parts.number ?? nextNumber(lockDir)
    const file = `${number}-${mark}`
    renameSync(hidden, join(waitingDir(lockDir), file))
    return {
      number,
      file,
      ticket,
      release() {
        removeTicket(lockDir, { file })
        closeSync(lock.fd)
      },
    }
  } catch (error) {
    closeSync(lock.fd)
    removeTicket(lockDir, { file: `.new-${mark}` })
    throw errors.io(`no ticket can be written to ${waitingDir(lockDir)}`, error)
  }
}
