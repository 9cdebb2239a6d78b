import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/core/nearest.ts'

const WORDS = ['wait', 'quiet_after', 'stuck_after', 'stop', 'status', 'keep', 'keep_size']

describe('the nearest word', () => {
  it.each([
    ['quite_after', 'quiet_after'],
    ['stuck', 'stuck_after'],
    ['statsu', 'status'],
    ['keeps', 'keep'],
    ['kep', 'keep'],
    ['zebra', undefined],
    ['', undefined],
    ['x'.repeat(500), undefined],
  ])('of %j is %s', (word, expected) => {
    expect(nearest(word, WORDS)).toBe(expected)
  })
})
