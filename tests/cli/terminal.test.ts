import { describe, expect, it } from 'vitest'
import { table, terminalOf, truncate, widthOf } from '../../src/cli/terminal.ts'

const plain = (columns: number) => ({ columns, paint: (_: string, text: string) => text })

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['über', 4],
    ['漢字', 4],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['e\u0301', 1],
    ['👍', 2],
    ['👍🏽', 2],
    ['👩‍👩‍👧', 2],
    ['a漢b', 4],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['1️⃣', 2],
    ['…', 1],
  ])('of %j is %d', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })
})

describe('a text that is cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abc', 1, '…'],
    ['漢字', 4, '漢字'],
    ['漢字', 3, '漢…'],
    ['漢字', 2, '…'],
    ['a漢字', 4, 'a漢…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['👩‍👩‍👧x', 2, '…'],
    ['abc', Number.POSITIVE_INFINITY, 'abc'],
  ])('%j to %d columns is %j', (text, columns, shown) => {
    expect(truncate(text, columns)).toBe(shown)
    expect(widthOf(truncate(text, columns))).toBeLessThanOrEqual(columns)
  })
})

describe('a table', () => {
  const rows = [
    [{ text: 'a' }, { text: 'the reason' }],
    [{ text: '漢字' }, { text: 'x' }],
  ]

  it('has columns as wide as their widest cell', () => {
    expect(table(['N', 'REASON'], rows, plain(Number.POSITIVE_INFINITY))).toBe(
      'N     REASON\na     the reason\n漢字  x\n',
    )
  })

  it('cuts the last column at the edge of the terminal', () => {
    const long = [[{ text: 'a' }, { text: 'r'.repeat(100) }]]
    const lines = table(['N', 'REASON'], long, plain(40)).trimEnd().split('\n')
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(40)
    expect(lines[1]).toMatch(/r…$/)
  })

  it('keeps some of the last column in a narrow terminal', () => {
    const long = [[{ text: 'a'.repeat(60) }, { text: 'r'.repeat(100) }]]
    expect(table(['N', 'REASON'], long, plain(10))).toContain(`${'r'.repeat(19)}…`)
  })

  it('is as wide with colours as without', () => {
    const painted = table(['N', 'R'], [[{ text: 'a', style: 'red' }, { text: 'b' }]], {
      columns: 80,
      paint: (style, text) => (style === 'red' ? `<${text}>` : text),
    })
    expect(painted).toBe('N  R\n<a>  b\n')
  })
})

describe('a terminal', () => {
  const painted = (env: Record<string, string>): string => terminalOf(99, env).paint('red', 'x')

  it('has no colours and no edge when it is none', () => {
    expect(painted({})).toBe('x')
    expect(terminalOf(99, {}).columns).toBe(Number.POSITIVE_INFINITY)
  })

  it('has colours when they are forced, unless they are forbidden', () => {
    expect(painted({ FORCE_COLOR: '1' })).toBe('\u001b[31mx\u001b[39m')
    expect(painted({ FORCE_COLOR: '0' })).toBe('x')
    expect(painted({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe('x')
  })
})
