import { describe, expect, it } from 'vitest'
import { dropOldest, remember } from '../../src/core/bounded.ts'

describe('what is kept within a bound', () => {
  it('loses the entry that was put in first', () => {
    const words = new Set(['a', 'b', 'c'])
    dropOldest(words, 3)
    expect([...words]).toEqual(['a', 'b', 'c'])
    dropOldest(words, 2)
    expect([...words]).toEqual(['b', 'c'])
  })

  it('loses nothing that was remembered again, also where a key is undefined', () => {
    const counts = new Map<string | undefined, number>()
    for (const [key, value] of [
      [undefined, 1],
      ['a', 2],
      [undefined, 3],
      ['b', 4],
    ] as const)
      remember(counts, key, value, 2)
    expect([...counts]).toEqual([
      [undefined, 3],
      ['b', 4],
    ])
  })
})
