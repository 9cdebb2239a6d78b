import { expect, it } from 'vitest'
import { randomHex } from '../../src/process/random.ts'

it('gives two digits for each byte, and others each time', () => {
  for (const bytes of [1, 4, 16]) expect(randomHex(bytes)).toMatch(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
  expect(new Set(Array.from({ length: 100 }, () => randomHex(16))).size).toBe(100)
})
