import { describe, expect, it } from 'vitest'
import { sessionReport } from '../../src/core/report.ts'
import type { StoredRecord, Verdict } from '../../src/core/verdict.ts'
import { recordFields, stored } from '../fakes/records.ts'

const VERDICT: Verdict = {
  state: 'hung',
  reason: 'in words',
  cause: 'silent',
  heartbeatAge: 121.123456,
  ownerAlive: true,
}

/** Section 4 of the contract. */
const PROMISED = [
  'format',
  'session',
  'generation',
  'phase',
  'pid',
  'pid_started',
  'boot_id',
  'pid_namespace',
  'host',
  'user',
  'cwd',
  'command',
  'started_epoch',
  'heartbeat_epoch',
  'heartbeat_monotonic',
  'stale_after',
  'evidence',
  'iteration',
  'iterations',
  'iteration_started_epoch',
  'worker',
  'refresher',
  'tmux',
  'ended',
]

describe('the report of a session', () => {
  it('has the verdict and every field that is promised', () => {
    const report = sessionReport({ session: 'demo', stored: stored(), verdict: VERDICT, attention: null })
    expect(report).toMatchObject({
      session: 'demo',
      state: 'hung',
      reason: 'in words',
      cause: 'silent',
      heartbeat_age: 121.123,
      owner_alive: true,
    })
    const record = recordFields()
    for (const field of PROMISED) expect(report[field]).toEqual(record[field as keyof typeof record])
  })

  it('has every field of the record but the cookie', () => {
    const report = sessionReport({ session: 'demo', stored: stored(), verdict: VERDICT, attention: null })
    const missing = Object.keys(recordFields()).filter((field) => !(field in report))
    // Whether members are shown is open; they are no field that the contract names.
    expect(missing.filter((field) => field !== 'members')).toEqual(['cookie'])
  })

  it('has the cookie nowhere', () => {
    const found = stored({ cookie: 'a-secret-cookie' })
    expect(
      JSON.stringify(sessionReport({ session: 'demo', stored: found, verdict: VERDICT, attention: null })),
    ).not.toContain('a-secret-cookie')
  })

  it.each<[string, StoredRecord]>([
    ['none', { kind: 'none' }],
    ['a corrupt one', { kind: 'corrupt', reason: 'x' }],
    ['a newer one', { kind: 'newer', format: 2 }],
    ['an unreadable one', { kind: 'unreadable', reason: 'x' }],
  ])('has the same fields without a record, as null: %s', (_, found) => {
    const report = sessionReport({
      session: 'demo',
      stored: found,
      verdict: { ...VERDICT, heartbeatAge: null, ownerAlive: null },
      attention: null,
    })
    expect(report.session).toBe('demo')
    for (const field of PROMISED.filter((name) => name !== 'session')) expect(report[field]).toBeNull()
    expect(report.heartbeat_age).toBeNull()
    expect(report.owner_alive).toBeNull()
  })
})
