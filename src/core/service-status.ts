/** What a service manager is told of a run. Pure. */
import { namePhase } from './iteration-text.ts'
import { printable } from './printable.ts'
import type { LockRecord } from './record.ts'
import type { Now } from './verdict.ts'
import { STALL_TEXTS } from './verdict-text.ts'

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

const phaseText = (record: LockRecord): string =>
  record.iteration.number === 0 ? 'starting' : namePhase(record)

/** One line, that stays the same while nothing changes: without times, which are others at each look. */
export const serviceStatus = (record: LockRecord): string => {
  const stall = record.phase === 'running' ? (record.watch?.stall ?? null) : null
  const cause = stall === null ? '' : `; ${STALL_TEXTS[stall.cause]}`
  return printable(`${record.session}: ${phaseText(record)}${cause}`)
}
