/** Who waits, for reports: looks at processes and files, and takes no lock. */
import { livenessOf, recordLocation } from '../core/identity.ts'
import { type FiledTicket, inOrder, ticketsAhead } from '../core/ticket.ts'
import { listTickets } from '../store/ticket-files.ts'
import type { World } from '../world.ts'

type WaiterWorld = Pick<World, 'inspector' | 'observer'>

/** Of the processes of one moment. `unknown`: it cannot be seen from here, as in another container. */
export const livenessOfWaiters = ({ inspector, observer }: WaiterWorld) => {
  const view = inspector.snapshot()
  return ({ ticket: { waiter } }: FiledTicket): 'alive' | 'gone' | 'unknown' => {
    const location = recordLocation({ owner: waiter }, observer)
    if (location === 'other-boot') return 'gone'
    return location === 'here' ? livenessOf(view, waiter, waiter.started_clock, observer).kind : 'unknown'
  }
}

export type InLine = FiledTicket & {
  /** 1 for the first. */
  readonly turn: number
  /** The one whose turn comes just before. */
  readonly before: FiledTicket | null
}

/** In the order of their turn. */
export const whoWaits = (world: WaiterWorld & Pick<World, 'lockDir'>): readonly InLine[] => {
  const filed = listTickets(world.lockDir)
  if (filed.length === 0) return []
  const liveness = livenessOfWaiters(world)
  const tickets = filed.filter((one) => liveness(one) !== 'gone').sort(inOrder)
  return tickets.map((one) => {
    const ahead = ticketsAhead(tickets, one.ticket.wants, one)
    return { ...one, turn: ahead.length + 1, before: ahead.at(-1) ?? null }
  })
}

/** Those of a session's own runs. */
export const waitersOf = (waiting: readonly InLine[], session: string): readonly InLine[] =>
  waiting.filter(({ ticket }) => ticket.session === session)
