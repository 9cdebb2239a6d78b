/**
 * Waiting in order; see core/ticket.ts. One that waits keeps a ticket for the one thing that it waits for, and waits in the
 * kernel for the ticket before it, or, when it is the first, for the lock itself. One that dies is passed over, because its
 * ticket is locked no more.
 */
import type { OwnerProcess } from '../core/record.ts'
import { type FiledTicket, inOrder, type Ticket, ticketsAhead, type Want } from '../core/ticket.ts'
import { probeLock, type WaitLimit, waitFree } from '../store/kernel-lock.ts'
import { listTickets, removeTicket, ticketPath } from '../store/ticket-files.ts'
import { type HeldTicket, takeTicket } from '../store/tickets.ts'
import type { World } from '../world.ts'
import { livenessOfWaiters } from './who-waits.ts'

/** Of a ticket whose process cannot be seen from here, as in another container, its lock tells. */
const isDead = (world: World) => {
  const liveness = livenessOfWaiters(world)
  return (filed: FiledTicket): boolean => {
    const seen = liveness(filed)
    if (seen !== 'unknown') return seen === 'gone'
    return probeLock(ticketPath(world.lockDir, filed), world.lockTool) !== 'held'
  }
}

/** Those that wait, in the order of their turn; what the dead have left is removed. */
export const waitingTickets = (world: World): readonly FiledTicket[] => {
  const tickets = listTickets(world.lockDir)
  if (tickets.length === 0) return []
  const dead = isDead(world)
  return tickets
    .filter((ticket) => {
      if (!dead(ticket)) return true
      removeTicket(world.lockDir, ticket)
      return false
    })
    .sort(inOrder)
}

const isSame = (a: readonly Want[], b: readonly Want[]): boolean =>
  a.length === b.length && a.every((want) => b.includes(want))

export type Waiter = Pick<Ticket, 'session' | 'tmux'> & { readonly waiter: OwnerProcess }

/** This run's place in the line; it has none before {@link wait}. */
export class WaitingLine {
  readonly #world: World
  readonly #waiter: Waiter
  #ticket: HeldTicket | null = null

  constructor(world: World, waiter: Waiter) {
    this.#world = world
    this.#waiter = waiter
  }

  /** Those whose turn comes before, for one of these things; the nearest is the last. */
  ahead(wants: readonly Want[]): readonly FiledTicket[] {
    return ticketsAhead(waitingTickets(this.#world), wants, this.#ticket)
  }

  /** Takes a ticket for it, unless it has just that. With `force` it is the first one of all. */
  async enter(wants: readonly Want[], force = false): Promise<void> {
    const before = this.#ticket
    if (before !== null && before.ticket.force === force && isSame(before.ticket.wants, wants)) return
    const { lockDir, lockTool: tool, clock } = this.#world
    const since_epoch = before?.ticket.since_epoch ?? this.#world.now().epoch
    const ticket = { ...this.#waiter, since_epoch, wants, force }
    this.#ticket = await takeTicket(ticket, { lockDir, tool, clock, number: before?.number })
    // Whoever waits for this one looks anew.
    before?.release()
  }

  /** @returns whether the turn of this one has passed, within the limit */
  async waitFor(other: FiledTicket, limit: WaitLimit): Promise<boolean> {
    const { lockDir, lockTool, clock } = this.#world
    const isFree = await waitFree([ticketPath(lockDir, other)], lockTool, clock, limit)
    // One that is dead, and looks alive from here, would be waited for again and again.
    if (isFree) removeTicket(lockDir, other)
    return isFree
  }

  leave(): void {
    this.#ticket?.release()
    this.#ticket = null
  }
}
