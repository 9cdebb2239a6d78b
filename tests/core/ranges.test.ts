import { describe, expect, it } from 'vitest'
import { formatRanges } from '../../src/core/ranges.ts'

describe('ranges', () => {
  it.each<[number[], string]>([
    [[], ''],
    [[4], '4'],
    [[1, 2], '1-2'],
    [[1, 2, 3, 4, 5, 6, 7, 9], '1-7, 9'],
    [[10, 9, 1], '1, 9-10'],
    [[3, 3, 4], '3-4'],
  ])('of %j are %j', (numbers, words) => {
    expect(formatRanges(numbers)).toBe(words)
  })
})
