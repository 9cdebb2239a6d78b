import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textDiff } from '../../src/core/text-diff.ts'

describe('the difference of two texts', () => {
  it.each([
    ['', '', ''],
    ['a\n', 'a\n', ''],
    ['', 'a\nb\n', '+a\n+b\n'],
    ['a\n', '', '-a\n'],
    ['a\nb\nc\n', 'a\nx\nc\n', ' a\n-b\n+x\n c\n'],
    ['1\n2\n3\n4\n5\n6\n7\n', '1\n2\n3\n4\n5\n6\n7\n8\n', ' ...\n 5\n 6\n 7\n+8\n'],
  ])('of %j and %j', (before, after, diff) => {
    expect(textDiff(before, after)).toBe(diff)
  })

  it('has every line that was added and taken away', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''))
      .map((lines) => lines.map((line) => `${line}\n`).join(''))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = textDiff(before, after).split('\n')
        const count = (mark: string): number => lines.filter((line) => line.startsWith(mark)).length
        const total = (of: string): number => of.split('\n').length
        expect(count('+') - count('-')).toBe(total(after) - total(before))
      }),
    )
  })
})
