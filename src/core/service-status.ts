/** What a service manager is told of a run. Pure. */
import { nameIteration } from './iteration-text.ts'
import { printable } from './printable.ts'
import type { LockRecord } from './record.ts'
import type { Now } from './verdict.ts'
import { describeCause } from './verdict-text.ts'

/** A heartbeat may be late by one: the machine may be busy. */
const MISSED_BEATS = 2

/**
 * Whether the run's heartbeat moves, which is what its watchdog is told. In an iteration that means progress; between two
 * of them the record's own promise counts, such as a pause of half an hour.
 */
export const isBeating = ({ phase, heartbeat }: LockRecord, { monotonic }: Now): boolean => {
  if (phase === 'ended') return false
  const limit = phase === 'running' ? MISSED_BEATS * heartbeat.interval : heartbeat.stale_after
  return monotonic - heartbeat.monotonic <= limit
}

const phaseText = ({ phase, iteration }: LockRecord): string => {
  if (iteration.number === 0) return 'starting'
  switch (phase) {
    case 'starting':
      return 'starting'
    case 'running':
      return nameIteration(iteration)
    case 'waiting':
      return `pausing after ${nameIteration(iteration)}`
    case 'stopping':
      return `stopping in ${nameIteration(iteration)}`
    case 'ended':
      return `ended in ${nameIteration(iteration)}`
  }
}

/** One line, that stays the same while nothing changes. */
export const serviceStatus = (record: LockRecord, now: Now): string => {
  const stall = record.phase === 'running' ? (record.watch?.stall ?? null) : null
  if (stall === null) return printable(`${record.session}: ${phaseText(record)}`)
  // Without the time, that is another one at each look.
  const cause = describeCause(record, stall.cause, now).replace(/, for .*/, '')
  return printable(`${record.session}: ${phaseText(record)}; ${cause}`)
}
