import { describe, expect, it } from 'vitest'
import { ShownSizes } from '../../src/core/shown-sizes.ts'

const growths = (...rows: readonly string[]): readonly number[] => {
  const sizes = new ShownSizes()
  return rows.map((row) => sizes.growth(row))
}

describe('a size on a display', () => {
  it.each([
    ['of a download', '⠋ Downloading 412 MB', '⠙ Downloading 413 MB', 1e6],
    ['of an archive', 'received 999 bytes', 'received 1500 bytes', 501],
    ['in other units', 'saved 900kB so far', 'saved 950kB so far', 50_000],
    [
      'of curl, with units',
      '100  440k    0  440k    0     0   5000      0 --:--:--  0:01:28 --:--:--  5001',
      '100  445k    0  445k    0     0   5000      0 --:--:--  0:01:29 --:--:--  5000',
      5000,
    ],
    [
      'of curl, without',
      '  5 80000    5 44000    0     0   5000      0 --:--:--  0:01:28 --:--:--  5001',
      '  6 80000    6 49000    0     0   5000      0 --:--:--  0:01:29 --:--:--  5000',
      5000,
    ],
  ])('grows: %s', (_, first, second, growth) => {
    expect(growths(first, second)).toEqual([0, growth])
  })

  it.each([
    ['that stays', 'Downloading 412 MB', 'Downloading 412 MB'],
    ['that starts over', 'Downloading 412 MB', 'Downloading 3 MB'],
    ['of a speed', 'Downloading at 4 MB/s', 'Downloading at 5 MB/s'],
    ['of tokens', 'Thinking (12s · 1.2k tokens)', 'Thinking (13s · 1.3k tokens)'],
    ['of a clock', 'waited 59s', 'waited 61s'],
    ['of a clock alone', '0:00:59', '0:01:00'],
    ['of an attempt', 'attempt 1000', 'attempt 2000'],
  ])('does not grow, %s', (_, first, second) => {
    expect(growths(first, second)).toEqual([0, 0])
  })

  it('is none when it goes up and down, as a system shows of itself', () => {
    expect(growths('15 1476 2999', '11 1530 2397', '14 1720 9163')).toEqual([0, 54, 190])
    expect(growths('memory 512 MB', 'memory 480 MB', 'memory 600 MB')).toEqual([0, 0, 0])
  })

  it('grows only beyond what it was before it started over', () => {
    expect(growths('got 5 MB', 'got 1 MB', 'got 4 MB', 'got 6 MB')).toEqual([0, 0, 0, 1e6])
  })
})
