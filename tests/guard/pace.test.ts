import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from '../../src/guard/pace.ts'

describe('the pace of a guard', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const counted = () => {
    let count = 0
    const pace = new Pace(() => {
      count += 1
    }, 15)
    const ticksIn = (seconds: number): number => {
      const before = count
      vi.advanceTimersByTime(seconds * 1000)
      return count - before
    }
    return { pace, ticksIn, ticks: () => count }
  }

  it('begins at once', () => {
    expect(counted().ticks()).toBe(1)
  })

  it('is that of the pings', () => {
    const { pace, ticksIn, ticks } = counted()
    for (let ping = 0; ping < 10; ping += 1) {
      expect(ticksIn(15)).toBe(0)
      pace.ping()
    }
    expect(ticks()).toBe(11)
  })

  it('goes on a little slower without them', () => {
    const { ticksIn } = counted()
    expect([ticksIn(16), ticksIn(1), ticksIn(33)]).toEqual([0, 1, 2])
  })

  it('makes one of pings that come together', () => {
    const { pace, ticksIn, ticks } = counted()
    ticksIn(15)
    for (let ping = 0; ping < 5; ping += 1) pace.ping()
    expect(ticks()).toBe(2)
    expect(ticksIn(16)).toBe(0)
  })

  it('ends', () => {
    const { pace, ticksIn, ticks } = counted()
    pace.stop()
    ticksIn(60)
    pace.ping()
    expect(ticks()).toBe(1)
  })
})
