import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSegmentName, segmentBytes, segmentName, tailBytes } from '../../src/core/segments.ts'

describe('the name of a segment', () => {
  it('says iteration and offset, and is read back', () => {
    expect(segmentName({ iteration: 12, offset: 33_554_432 })).toBe('12.33554432.log')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e14 }),
        fc.integer({ min: 0, max: 1e15 }),
        (iteration, offset) => {
          expect(parseSegmentName(segmentName({ iteration, offset }))).toEqual({ iteration, offset })
        },
      ),
    )
  })

  it.each([
    '',
    '1.log',
    '0.0.log',
    '01.0.log',
    '1.00.log',
    '1.-1.log',
    '1.0.log.1',
    '1.0.txt',
    'a1.0.log',
    '1.0x10.log',
    '1.1e3.log',
    '1 .0.log',
    '1.0.log\n',
    '12345678901234567.0.log',
    'notes.jsonl',
  ])('is not %j', (name) => {
    expect(parseSegmentName(name)).toBeNull()
  })
})

describe('the size of a segment', () => {
  it('is half of the limit for the head, and a quarter for the others', () => {
    expect(segmentBytes(0, 64 * 1024)).toBe(32 * 1024)
    expect(segmentBytes(1, 64 * 1024)).toBe(16 * 1024)
  })

  it('is never nothing, however small the limit', () => {
    for (const limit of [1, 2, 3, 100]) {
      expect(segmentBytes(0, limit)).toBeGreaterThan(0)
      expect(segmentBytes(500, limit)).toBeGreaterThan(0)
    }
  })

  it('keeps head and tail within a limit that is not tiny', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 40 }), (limit) => {
        const all = segmentBytes(0, limit) + tailBytes(limit)
        expect(all).toBeLessThanOrEqual(limit)
        expect(Number.isInteger(segmentBytes(0, limit)) && Number.isInteger(segmentBytes(1, limit))).toBe(
          true,
        )
      }),
    )
  })
})
