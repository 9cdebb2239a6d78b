import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from '../../src/guard/pace.ts'

describe('the pace of a guard', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const counted = () => {
    let ticks = 0
    const pace = new Pace(() => {
      ticks += 1
    }, 15)
    /** Waits, does so, and tells how many ticks there have been then. */
    const after = (seconds: number, act: 'ping' | 'look'): number => {
      vi.advanceTimersByTime(seconds * 1000)
      pace[act]()
      return ticks
    }
    return { after, ticks: () => ticks }
  }

  it('begins at once', () => {
    expect(counted().ticks()).toBe(1)
  })

  it('is that of the pings, whatever looks there are between them', () => {
    const pace = counted()
    const ticks = [0, 1, 2].flatMap(() => [
      pace.after(5, 'look'),
      pace.after(5, 'look'),
      pace.after(5, 'ping'),
      pace.after(0, 'look'),
    ])
    expect(ticks).toEqual([1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4])
  })

  it('goes on with the looks, a little slower, when no pings come', () => {
    const pace = counted()
    expect([15, 2, 5, 5, 5, 2].map((seconds) => pace.after(seconds, 'look'))).toEqual([1, 2, 2, 2, 2, 3])
  })

  it('makes one of pings that come together', () => {
    const pace = counted()
    expect([15, 0, 0, 15].map((seconds) => pace.after(seconds, 'ping'))).toEqual([2, 2, 2, 3])
  })
})
