import { describe, expect, it } from 'vitest'
import { formatDuration, formatExactDuration, parseDuration } from '../../src/core/duration.ts'
import { failureOf } from '../fakes/failure.ts'

describe('parseDuration', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['10m', 600],
    ['2h', 7200],
    ['1d', 86_400],
    ['1.5m', 90],
    ['0.25', 0.25],
    ['0', 0],
    ['007', 7],
    ['36500d', 36_500 * 86_400],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(parseDuration(text, '--delay')).toBe(seconds)
  })

  it.each([
    '',
    ' ',
    '-1',
    '+1',
    '1 m',
    ' 1',
    '1\n',
    'm',
    '1.',
    '.5',
    '1e3',
    '0x10',
    '1M',
    '1w',
    '10ms',
    '1h30m',
    'inf',
    'Infinity',
    'NaN',
    '１',
    '36501d',
    '9'.repeat(400),
  ])('refuses %j', (text) => {
    const failure = failureOf(() => parseDuration(text, '--delay'))
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toMatch(/^--delay takes a duration/)
  })

  it('shows no control characters of what it refuses', () => {
    expect(failureOf(() => parseDuration('\u001b[2J', '--delay')).message).not.toContain('\u001b')
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.04, '0s'],
    [0.44, '0.4s'],
    [9.94, '9.9s'],
    [9.96, '10s'],
    [42, '42s'],
    [59.4, '59s'],
    [59.5, '1m'],
    [60, '1m'],
    [190, '3m 10s'],
    [3599, '59m 59s'],
    [3599.6, '1h'],
    [7500, '2h 5m'],
    [7559, '2h 5m'],
    [86_399, '23h 59m'],
    [86_399.6, '1d'],
    [3 * 86_400 + 4 * 3600, '3d 4h'],
    [-5, '-5s'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})

describe('formatExactDuration', () => {
  it.each([
    [0, '0s'],
    [0.25, '0.25s'],
    [59, '59s'],
    [60, '1m'],
    [90, '90s'],
    [7200, '2h'],
    [86_400, '1d'],
    [90_000, '25h'],
  ])('writes %d seconds as %s, which is read as the same', (seconds, text) => {
    expect(formatExactDuration(seconds)).toBe(text)
    expect(parseDuration(text, '--delay')).toBe(seconds)
  })
})
