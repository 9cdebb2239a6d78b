/** Reads the tickets of those that wait (core/ticket.ts). Apart from taking one, because a list of sessions takes none. */
import { closeSync, openSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { type FiledTicket, parseTicket, type Ticket } from '../core/ticket.ts'
import { READ_FLAGS } from './open-file.ts'

export const waitingDir = (lockDir: string): string => join(lockDir, '.waiting')

export const ticketPath = (lockDir: string, { file }: Pick<FiledTicket, 'file'>): string =>
  join(waitingDir(lockDir), file)

export const TICKET_NAME = /^(\d{1,15})-[0-9a-f]+$/

/** All files, also those that are none. */
export const namesIn = (lockDir: string): readonly string[] => {
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
    const [, number] = TICKET_NAME.exec(file) ?? []
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
