import { describe, expect, it } from 'vitest'
import { nextClockTime, parseBackoff, parseClockTime, parseRetryAt } from '../../../src/core/loop/times.ts'
import { failureOf } from '../../fakes/failure.ts'

/** Of this process's own zone, as a person reads the clock. */
const at = (text: string): number => new Date(text).getTime() / 1000
const NOW = at('2026-11-27T22:30:15')

describe('a time of day', () => {
  it.each([
    ['07:30', '07:30'],
    ['7:05', '07:05'],
    ['00:00', '00:00'],
    ['23:59', '23:59'],
  ])('%s is %s', (text, clock) => {
    expect(parseClockTime(text, '--until-time')).toBe(clock)
  })

  it.each(['', '24:00', '7:5', '12:60', '730', '07:30:00', 'noon', '-1:00', '07:30 ', '１2:00'])(
    'is not %j',
    (text) => {
      const { code, message } = failureOf(() => parseClockTime(text, '--until-time'))
      expect(code).toBe('usage')
      expect(message).toContain('--until-time')
    },
  )

  it.each([
    ['later today', '23:00', '2026-11-27T23:00:00'],
    ['tomorrow when it is over', '07:30', '2026-11-28T07:30:00'],
    ['tomorrow when it is this very minute', '22:30', '2026-11-28T22:30:00'],
    ['over the end of a month', '07:30', '2026-12-01T07:30:00', '2026-11-30T22:00:00'],
    ['over the end of a year', '00:00', '2027-01-01T00:00:00', '2026-12-31T23:59:59'],
  ])('comes next: %s', (_, clock, expected, now = '2026-11-27T22:30:15') => {
    expect(nextClockTime(clock, at(now))).toBe(at(expected))
  })
})

describe('a back-off', () => {
  it.each([
    ['30s..15m', { from: 30, to: 900 }],
    ['1..1', { from: 1, to: 1 }],
    ['0.5s..2s', { from: 0.5, to: 2 }],
    ['1.5m..1h', { from: 90, to: 3600 }],
  ])('%s', (text, expected) => {
    expect(parseBackoff(text, '--backoff')).toEqual(expected)
  })

  it.each(['', '30s', '..', '30s..', '..15m', '30s...15m', '15m..30s', '0..10', 'a..b', '1..2..3', '-1..5'])(
    'is not %j',
    (text) => {
      expect(failureOf(() => parseBackoff(text, '--backoff')).code).toBe('usage')
    },
  )
})

describe('when to try again', () => {
  it.each([
    ['a time of day', '23:00', at('2026-11-27T23:00:00')],
    ['a time of day that is over', '14:00', at('2026-11-28T14:00:00')],
    ['ISO 8601 in UTC', '2026-11-28T14:00:00Z', Date.UTC(2026, 10, 28, 14) / 1000],
    ['ISO 8601 with a zone', '2026-11-28T14:00:00+02:00', Date.UTC(2026, 10, 28, 12) / 1000],
    ['ISO 8601 without a zone', '2026-11-28T14:00', at('2026-11-28T14:00:00')],
    ['with a space', '2026-11-28 14:00:30', at('2026-11-28T14:00:30')],
    ['Unix seconds', String(Math.floor(NOW) + 77), Math.floor(NOW) + 77],
    ['Unix milliseconds', String(Math.floor(NOW) * 1000 + 500), Math.floor(NOW) + 0.5],
    ['a duration', '20m', NOW + 1200],
    ['seconds', '90', NOW + 90],
    ['a duration with a sign', '+2h', NOW + 7200],
    ['a moment that is past', '2026-11-27T10:00:00', at('2026-11-27T10:00:00')],
  ])('%s', (_, text, expected) => {
    expect(parseRetryAt(text, '--retry-at', NOW)).toBeCloseTo(expected, 3)
  })

  it.each([
    '',
    'soon',
    '25:00',
    '2026-13-01',
    '-5m',
    '100d',
    '2027-11-28T14:00:00Z',
    '99999999999',
    'NaN',
    '1e3',
  ])('is not %j', (text) => {
    const { code, message } = failureOf(() => parseRetryAt(text, '--retry-at', NOW))
    expect(code).toBe('usage')
    expect(message).toContain('--retry-at')
  })
})
