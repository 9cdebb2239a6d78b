/** Puts a finding into words. Pure. */
import { formatDuration } from './duration.ts'
import { END_TEXTS } from './end-text.ts'
import { nameIteration, namePhase } from './iteration-text.ts'
import { leftTexts, waitText } from './loop/texts.ts'
import type { Ended, LockRecord, StallCause } from './record.ts'
import { formatSize } from './size.ts'
import type { Cause, Finding, HungBasis, Now, RecordFinding } from './verdict.ts'

const nameOwner = ({ owner }: LockRecord): string => `the owner (pid ${owner.pid})`

/** Never negative: the wall clock may have been set back. */
const formatSpan = (seconds: number): string => formatDuration(Math.max(0, seconds))

const describePhase = (record: LockRecord, now: Now): string => {
  const { phase, iteration } = record
  switch (phase) {
    case 'starting':
    case 'ended':
      return 'starting'
    case 'running':
      return `${namePhase(record)} for ${formatSpan(now.epoch - (iteration.started_epoch ?? now.epoch))}`
    case 'waiting':
      return `${namePhase(record)}${waitText(record, now.epoch)}`
    case 'stopping':
      return namePhase(record)
  }
}

const describeEnd = (record: LockRecord, ended: Ended, now: Now): string => {
  const when = `, ${formatSpan(now.epoch - ended.epoch)} ago, in ${nameIteration(record.iteration)}`
  const code = ended.exit_code === null ? '' : ` with exit code ${ended.exit_code}`
  const reaped = ended.reaped_epoch === undefined ? '' : ', and its remaining processes were ended'
  const rule = ended.detail === undefined ? '' : `: ${ended.detail}`
  return `${END_TEXTS[ended.reason]}${code}${when}${rule}${reaped}${describeLost(record)}`
}

const describeDeath = (record: LockRecord, ended: Ended, now: Now): string => {
  // The refresher writes no exit code; an owner that met an error of its own does.
  const how = ended.exit_code === null ? 'died' : `ended with an error (${ended.exit_code})`
  return `${nameOwner(record)} ${how} ${formatSpan(now.epoch - ended.epoch)} ago, in ${nameIteration(record.iteration)}`
}

/** Without the time. */
export const STALL_TEXTS: Readonly<Record<StallCause, string>> = {
  silent: 'the worker shows no activity',
  repeating: "the worker's output only repeats itself",
  spinning: 'the worker uses the processor, and neither reads, writes, prints nor starts anything',
  stopped: 'the worker is stopped (SIGSTOP or Ctrl-Z)',
  'awaiting-input': 'the worker waits for input at its terminal',
}

/** What keeps the refresher from beating, and for how long; `null` when nothing does. */
const describeStall = ({ phase, watch }: LockRecord, now: Now): string | null => {
  const stall = phase === 'running' ? (watch?.stall ?? null) : null
  if (stall === null) return null
  const wait = stall.waits_for === undefined ? '' : `; ${stall.waits_for}`
  return `${STALL_TEXTS[stall.cause]}, for ${formatSpan(now.monotonic - stall.since)}${wait}`
}

const describeLost = ({ output_lost: lost }: LockRecord): string =>
  lost === 0 ? '' : `; ${formatSize(lost)} of its output could not be written`

const describeBasis = (record: LockRecord, basis: HungBasis, now: Now): string => {
  switch (basis) {
    case 'owner-stopped':
      return `${nameOwner(record)} is stopped (SIGSTOP or Ctrl-Z)`
    case 'refresher-gone':
      return 'the refresher is gone'
    case 'refresher-stopped':
      return 'the refresher is stopped (SIGSTOP)'
    case 'stall':
      return describeStall(record, now) ?? ''
    case 'worker-stopped':
      return STALL_TEXTS.stopped
    case 'unexplained':
      return 'no heartbeat, for an unknown reason'
  }
}

/** What keeps a session from beating. */
export const describeCause = (record: LockRecord, cause: Cause, now: Now): string => {
  switch (cause) {
    case 'owner-stopped':
      return `${nameOwner(record)} does not respond: it is stopped, or busy`
    case 'refresher-gone':
      return 'the refresher was stopped or gone'
    default:
      return describeStall(record, now) ?? STALL_TEXTS[cause]
  }
}

const describeHeartbeat = ({ record, age }: RecordFinding): string =>
  `heartbeat ${formatSpan(age)} ago, limit ${formatDuration(record.heartbeat.stale_after)}`

const describeActive = (finding: RecordFinding, now: Now): string => {
  const { record } = finding
  const stall = describeStall(record, now)
  const left = leftTexts(record, now.epoch).map((text) => `; ${text}`)
  return `${describePhase(record, now)}${left.join('')}; ${stall === null ? '' : `${stall}; `}${describeHeartbeat(finding)}${describeLost(record)}`
}

/** The cause first: of a table's last column only that may be seen. */
const describeHung = (finding: RecordFinding, basis: HungBasis, now: Now): string => {
  const { record } = finding
  const owner = basis === 'owner-stopped' ? '' : `${nameOwner(record)} is alive; `
  return `${describeBasis(record, basis, now)}; ${owner}${describeHeartbeat(finding)}; ${describePhase(record, now)}${describeLost(record)}`
}

export const describe = (finding: Finding, now: Now): string => {
  switch (finding.kind) {
    case 'never-run':
      return 'it has never run'
    case 'no-record':
      return finding.reason
    case 'newer-record':
      return `the record has format ${finding.format}, which is newer than this program`
    case 'ended':
      return describeEnd(finding.record, finding.ended, now)
    case 'owner-died':
      return describeDeath(finding.record, finding.ended, now)
    case 'owner-unknown':
      return `${nameOwner(finding.record)} cannot be checked: ${finding.reason}`
    case 'owner-gone':
      return `${nameOwner(finding.record)} is gone: ${finding.reason}; it was in ${nameIteration(finding.record.iteration)}`
    case 'future-heartbeat':
      return 'the heartbeat lies in the future of the monotonic clock: it was taken with another clock'
    case 'active':
      return describeActive(finding, now)
    case 'hung':
      return describeHung(finding, finding.basis, now)
  }
}

/** A reason without what a table's other columns say, for one of twenty characters. */
export const briefText = (reason: string): string =>
  reason
    .replace(/^needs you: /, '')
    .replace(/^the worker(?:'s)? /, '')
    .replace(/^the owner \(pid \d+\) /, 'owner ')
    .replace(/^iteration \d+(?: of \d+)? (?=for )/, '')
