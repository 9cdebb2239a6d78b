import { describe, expect, it } from 'vitest'
import {
  noticeEnvironment,
  noticeOf,
  noticeOfDeath,
  noticeOfEnd,
  noticeOfEvent,
} from '../../src/core/notice.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const record = aRecord()

describe('a notice', () => {
  it('says what, of whom and why, on one line', () => {
    const notice = noticeOf(record, '/locks', 7, { event: 'needs-input', reason: 'a\nb\x1b[31m' })
    expect(notice).toMatchObject({
      event: 'needs-input',
      session: 'demo',
      generation: 7,
      iteration: 2,
      epoch: 7,
    })
    expect(notice.reason).not.toContain('\n')
    expect(notice.reason).not.toContain('\x1b')
    expect(noticeEnvironment(notice)).toEqual({
      LOCK_EVENT: 'needs-input',
      LOCK_SESSION: 'demo',
      LOCK_REASON: notice.reason,
      LOCK_DIR: '/locks',
    })
  })

  it.each([
    ['hung', 'silent', 'hung', 'the worker shows no activity; iteration 2 of 5'],
    ['hung', 'owner-stopped', 'hung', 'does not respond'],
    ['hung', 'refresher-gone', 'hung', 'refresher'],
    ['active-again', 'output', 'active-again', 'it has printed something new'],
    ['active-again', null, 'active-again', 'heartbeats again'],
    ['needs-input', 'permission: Bash rm', 'needs-input', 'needs you: permission: Bash rm'],
    ['turn-ended', null, 'turn-ended', 'its turn has ended'],
    ['turn-ended', 'All done', 'turn-ended', 'its turn has ended: All done'],
  ] as const)('of %s (%s) is %s: %s', (event, detail, told, reason) => {
    const parts = noticeOfEvent({ event, detail }, record, NOW)
    expect(parts).toMatchObject({ event: told })
    expect(parts?.reason).toContain(reason)
  })

  it.each(['claimed', 'resumed', 'forced', 'reaped', 'ended'] as const)('of %s is none', (event) => {
    expect(noticeOfEvent({ event, detail: null }, record, NOW)).toBeNull()
  })

  it('of an end has the rule and the exit code; an owner with an error of its own has not ended in order', () => {
    expect(noticeOfEnd(record, { reason: 'failed', exit_code: 81, detail: 'nothing changed' })).toEqual({
      event: 'ended',
      exit_code: 81,
      reason: 'failed with exit code 81 in iteration 2 of 5: nothing changed',
    })
    expect(noticeOfEnd(record, { reason: 'owner-died', exit_code: 74 }).event).toBe('owner-died')
  })

  it('of a death says whether the worker is gone', () => {
    expect(noticeOfDeath(record, true).reason).not.toContain('worker')
    expect(noticeOfDeath(record, false).reason).toContain('its worker cannot be ended')
  })
})
