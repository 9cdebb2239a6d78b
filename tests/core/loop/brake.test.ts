import { describe, expect, it } from 'vitest'
import { brakeSeconds } from '../../../src/core/loop/brake.ts'

describe('the pause after an iteration that failed at once', () => {
  it('is short at first and grows, to ten seconds', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10_000].map((failures) => brakeSeconds(0.01, failures))
    expect(pauses).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10])
  })

  it('is none after one that has lasted', () => {
    expect(brakeSeconds(0.99, 3)).toBeGreaterThan(0)
    expect(brakeSeconds(1, 3)).toBe(0)
  })
})
