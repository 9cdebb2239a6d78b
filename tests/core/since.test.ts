import { describe, expect, it } from 'vitest'
import { lastClockTime, parseSince } from '../../src/core/since.ts'

const local = (text: string): number => new Date(text).getTime() / 1000
const NOW = local('2026-11-28T07:00:30')

describe('since when', () => {
  it.each([
    ['22:00', local('2026-11-27T22:00')],
    ['7:00', local('2026-11-28T07:00')],
    ['07:01', local('2026-11-27T07:01')],
    ['00:00', local('2026-11-28T00:00')],
    ['12h', NOW - 43_200],
    ['90', NOW - 90],
    ['1.5m', NOW - 90],
    ['0', NOW],
    ['2026-11-27T22:00', local('2026-11-27T22:00')],
    // Past in every time zone.
    ['2026-11-26T22:00:00Z', Date.UTC(2026, 10, 26, 22) / 1000],
    ['1700000000', 1_700_000_000],
    ['1700000000000', 1_700_000_000],
  ])('reads %s', (text, epoch) => {
    expect(parseSince(text, '--since', NOW)).toBe(epoch)
  })

  it.each(['', 'yesterday', '24:00', '22:60', '-3h', '3w', '99000d', 'NaN', '22:00\u001b[2J', '2026-13-45'])(
    'refuses %j, and says what may be written',
    (text) => {
      expect(() => parseSince(text, '--since', NOW)).toThrow('--since takes a moment of the past')
    },
  )

  it('refuses what lies ahead', () => {
    expect(() => parseSince('2026-11-29', '--since', NOW)).toThrow('which lies ahead')
    expect(() => parseSince('2026-11-28T07:00:31', '--since', NOW)).toThrow('which lies ahead')
  })

  it('takes the time of day of this very minute for today', () => {
    expect(lastClockTime('07:00', local('2026-11-28T07:00:00'))).toBe(local('2026-11-28T07:00:00'))
  })
})
