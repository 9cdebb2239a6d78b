import { describe, expect, it } from 'vitest'
import { KnownLines, OutputText } from '../../../src/core/loop/output-text.ts'

const linesOf = (output: string): readonly string[] => {
  const text = new OutputText()
  text.push(new TextEncoder().encode(output))
  return text.end()
}

describe('the text of an output', () => {
  it.each([
    ['numbers and times', '14:02:07 try 3 of 9\n', '22:13:55 try 4 of 9\n'],
    [
      'identifiers',
      'limit, request req_011CSHoEeqs5C35K2UUqR7Fy\n',
      'limit, request req_011CVXyzAbc9D27K4WWpT8Qz\n',
    ],
    ['colours', '\u001b[31mlimit\u001b[0m\n', 'limit\n'],
    ['a spinner', '⠋ working\r⠙ working\r\u001b[Klimit\n', 'limit\n'],
    ['empty lines', '\n\nlimit\n \n', 'limit\n'],
  ])('is the same but for %s', (_, one, other) => {
    expect(linesOf(one)).toEqual(linesOf(other))
  })

  it('is another one when it says something else', () => {
    expect(linesOf('limit reached\n')).not.toEqual(linesOf('network is down\n'))
  })

  it('is empty when nothing is said', () => {
    expect(linesOf('\n \u001b[2J\n')).toEqual([])
  })

  it('has lines that are too long to be kept', () => {
    expect(linesOf(`${'x'.repeat(1e6)}\n`)).toHaveLength(1)
  })
})

describe('lines that are known', () => {
  it('are counted when they are new, once', () => {
    const known = new KnownLines()
    expect(known.add(['a', 'b', 'a'])).toBe(2)
    expect(known.add(['b', 'a'])).toBe(0)
    expect(known.add(['c', 'a'])).toBe(1)
  })

  it('are forgotten, the oldest first, when there are very many', () => {
    const known = new KnownLines()
    known.add(Array.from({ length: 20_001 }, (_, index) => `line ${index}`))
    expect(known.add(['line 20000'])).toBe(0)
    expect(known.add(['line 0'])).toBe(1)
  })
})
