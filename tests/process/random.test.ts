import { describe, expect, it } from 'vitest'
import { randomHex, randomUuid } from '../../src/process/random.ts'

describe('random digits', () => {
  it('are two for each byte, and others each time', () => {
    for (const bytes of [1, 4, 16]) expect(randomHex(bytes)).toMatch(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
    expect(new Set(Array.from({ length: 100 }, () => randomHex(16))).size).toBe(100)
  })
})

describe('a random UUID', () => {
  it('is of version 4, and another each time', () => {
    const some = Array.from({ length: 100 }, randomUuid)
    for (const one of some)
      expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(some).size).toBe(100)
  })
})
