import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Looks } from '../../src/process/looks.ts'

describe('looks', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const counted = () => {
    const looks = new Looks(() => 5)
    let count = 0
    const end = looks.add(() => {
      count += 1
    })
    const countAfter = (seconds: number): number => {
      vi.advanceTimersByTime(seconds * 1000)
      return count
    }
    return { looks, countAfter, end }
  }

  it('come every five seconds at rest', () => {
    const { countAfter } = counted()
    expect([countAfter(4.9), countAfter(0.2), countAfter(4.9), countAfter(10)]).toEqual([0, 1, 2, 4])
  })

  it('come within a second of a stir, and then at rest again', () => {
    const { looks, countAfter } = counted()
    countAfter(0.2)
    looks.stir()
    expect([countAfter(0.7), countAfter(0.2), countAfter(4.8), countAfter(0.2)]).toEqual([0, 1, 1, 2])
  })

  it('come at once when it is stirred after a longer rest', () => {
    const { looks, countAfter } = counted()
    countAfter(3)
    looks.stir()
    expect(countAfter(0.01)).toBe(1)
  })

  it('come once in a second, however often it is stirred', () => {
    const { looks, countAfter } = counted()
    let count = 0
    for (let step = 0; step < 100; step += 1) {
      looks.stir()
      count = countAfter(0.1)
    }
    expect(count).toBeGreaterThanOrEqual(9)
    expect(count).toBeLessThanOrEqual(10)
  })

  it('come once in a second while one act needs that', () => {
    const { looks, countAfter } = counted()
    const rest = looks.stayAwake()
    const awake = countAfter(10)
    rest()
    expect([awake, countAfter(1), countAfter(4.9), countAfter(0.2)]).toEqual([10, 11, 11, 12])
  })

  it('can be stirred by what is found in one', () => {
    const { looks, countAfter } = counted()
    const stop = looks.add(() => looks.stir())
    countAfter(5)
    expect(countAfter(5)).toBe(6)
    stop()
  })

  it('come alongside, too, and not twice in a second', () => {
    const { looks, countAfter } = counted()
    countAfter(3)
    looks.alongside()
    looks.alongside()
    expect([countAfter(0), countAfter(1.9), countAfter(0.2)]).toEqual([1, 1, 2])
    looks.alongside()
    expect(countAfter(0)).toBe(2)
  })

  it('end: for one act, and for all', () => {
    const { looks, countAfter, end } = counted()
    end()
    expect(countAfter(60)).toBe(0)
    const others = counted()
    others.looks.stop()
    others.looks.stir()
    expect(others.countAfter(60)).toBe(0)
    looks.stop()
  })
})
