import { describe, expect, it } from 'vitest'
import { overlaps, secondsIn } from '../../src/core/spans.ts'

const span = (from: number, to: number) => ({ from, to })

describe('seconds in a window', () => {
  it.each([
    [[], 0],
    [[span(2, 5)], 3],
    [[span(-5, 5), span(8, 50)], 7],
    [[span(4, 8), span(2, 6), span(2, 3)], 6],
    [[span(-9, -1), span(11, 20)], 0],
    [[span(7, 3)], 0],
    [[span(-99, 99), span(2, 3)], 10],
  ])('of %j are %d of ten', (spans, seconds) => {
    expect(secondsIn(spans, span(0, 10))).toBe(seconds)
  })
})

it('a span overlaps a window that it touches', () => {
  expect(
    [span(-5, 0), span(-5, -1), span(10, 11), span(11, 12)].map((one) => overlaps(one, span(0, 10))),
  ).toEqual([true, false, true, false])
})
