/**
 * The files of `.waiting/`: one for each run that waits, locked by it as long as it does, so that others can wait for its
 * turn to pass without polling. See core/ticket.ts.
 *
 * A ticket's name is its number and a random part. A name is never used twice: whoever removes a dead one cannot hit another.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { errors } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'
import { encodeTicket, type FiledTicket, parseTicket, type Ticket } from '../core/ticket.ts'
import { type HeldLock, tryAcquire } from './kernel-lock.ts'
import { makeOwnDir } from './lock-dir.ts'
import type { LockTool } from './lock-tool.ts'
import { READ_FLAGS } from './open-file.ts'

export const waitingDir = (lockDir: string): string => join(lockDir, '.waiting')

export const ticketPath = (lockDir: string, { file }: Pick<FiledTicket, 'file'>): string =>
  join(waitingDir(lockDir), file)

export type HeldTicket = FiledTicket & { release(): void }

const NAME = /^(\d{1,15})-[0-9a-f]+$/

const namesIn = (lockDir: string): readonly string[] => {
  try {
    return readdirSync(waitingDir(lockDir))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw errors.io(`${waitingDir(lockDir)} cannot be read`, error)
  }
}

const readTicket = (path: string): Ticket | null => {
  try {
    const fd = openSync(path, READ_FLAGS)
    try {
      return parseTicket(readFileSync(fd, 'utf8'))
    } finally {
      closeSync(fd)
    }
  } catch {
    return null // Its turn has come meanwhile.
  }
}

/** Of the living and the dead, in no order. */
export const listTickets = (lockDir: string): readonly FiledTicket[] =>
  namesIn(lockDir).flatMap((file) => {
    const [, number] = NAME.exec(file) ?? []
    if (number === undefined) return []
    const ticket = readTicket(ticketPath(lockDir, { file }))
    return ticket === null ? [] : [{ number: Number(number), file, ticket }]
  })

export const removeTicket = (lockDir: string, ticket: Pick<FiledTicket, 'file'>): void => {
  try {
    unlinkSync(ticketPath(lockDir, ticket))
  } catch {
    // Somebody else was faster.
  }
}

const nextNumber = (lockDir: string): number =>
  1 + Math.max(0, ...namesIn(lockDir).map((file) => Number(NAME.exec(file)?.[1] ?? 0)))

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
