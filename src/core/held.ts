/** The error for a session that is held. Pure. */
import { formatDuration } from './duration.ts'
import { errors, type LockError } from './errors.ts'
import { fullMomentText } from './moment-text.ts'
import { hasScreen } from './next-steps.ts'
import { printable, shellQuote } from './printable.ts'
import type { LockRecord } from './record.ts'
import type { Now, SessionState } from './verdict.ts'

export type Holder = { readonly pid: number; readonly name: string }

export const nameHolders = (holders: readonly Holder[]): string =>
  holders.length === 0
    ? 'a process that cannot be seen from here'
    : holders.map(({ pid, name }) => `pid ${pid} (${printable(name)})`).join(', ')

/** `user@host`, pid, since when, doing what. */
export const describeOwner = (record: LockRecord, now: Now): string =>
  `pid ${record.owner.pid} (${printable(record.owner.user)}@${printable(record.owner.host)}) since ${fullMomentText(record.started_epoch)}, ` +
  `${formatDuration(Math.max(0, now.epoch - record.started_epoch))} ago, run ${record.generation}: ${shellQuote(record.command)}`

const look = (name: string, record: LockRecord): string =>
  hasScreen(record) ? `Attach: lock.sh attach ${name}` : `Its output: lock.sh logs ${name} -f`

const NEXT: Readonly<Record<string, (name: string, record: LockRecord) => string>> = {
  active: (name, record) =>
    `${look(name, record)}   Wait for it: --wait   End it: engine.sh stop ${name}   Take it over: --force`,
  hung: (name, record) => `${look(name, record)}   Details: lock.sh why ${name}   Take it over: --force`,
  unknown: (name) => `Details: lock.sh why ${name}`,
}

export const heldError = (
  { session: name, stored, verdict }: SessionState,
  holders: readonly Holder[],
  now: Now,
): LockError => {
  if (stored.kind === 'record' && stored.record.ended === null && verdict.state !== 'dead') {
    return errors.held(
      `${name} is held by ${describeOwner(stored.record, now)}\n  ${verdict.state}: ${printable(verdict.reason)}`,
      NEXT[verdict.state]?.(name, stored.record),
    )
  }
  return errors.held(
    `the kernel lock of ${name} is held by ${nameHolders(holders)}, not by an owner in the record`,
    `Wait for it with --wait, or end that process yourself: --force ends nothing that the record does not name.`,
  )
}
