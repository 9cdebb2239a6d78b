import { describe, expect, it } from 'vitest'
import { ScreenRows } from '../../src/core/screen-rows.ts'

const SIZE = { columns: 20, rows: 5 }

const screen = (...before: readonly string[]): ScreenRows => {
  const rows = new ScreenRows()
  rows.resize(SIZE)
  for (const text of before) rows.write(text)
  return rows
}

/** What is reported of a text, the cursor's row last. */
const shown = (rows: ScreenRows, text: string): readonly string[] => {
  const change = rows.write(text)
  return [...change.rows.map((row) => row.text), `> ${change.open?.text}`]
}

describe('a row of a screen', () => {
  it('is the whole row, of which one letter was drawn', () => {
    expect(shown(screen('\u001b[2;1HKneading 9s\u001b[5;1H'), '\u001b[2;10H8\u001b[5;1H')).toEqual([
      'Kneading 8s',
      '> ',
    ])
  })

  it('is not reported when it is drawn again as it was', () => {
    const rows = screen('\u001b[H\u001b[2Jone\r\ntwo\r\n')
    expect(shown(rows, '\u001b[H\u001b[2Jone\r\ntwo\r\n')).toEqual(['> '])
  })

  it('is reported for every frame that has shown it, and not for the parts of one', () => {
    const frame = (phrase: string): string => `\u001b[2;1H* ${phrase}\u001b[K\u001b[3;1H> `
    expect(shown(screen(), frame('one') + frame('two') + frame('three'))).toEqual([
      '* one',
      '>',
      '* two',
      '* three',
      '> >',
    ])
  })

  it('is reported before it is written anew from its beginning', () => {
    expect(shown(screen(), 'one\rtwo\r\u001b[2Kfour')).toEqual(['one', 'two', '> four'])
  })

  it.each([
    ['up', '\u001b[2A', 'a*'],
    ['back', '\u001b[3D', '*'],
    ['to a place', '\u001b[2;3H', 'b *'],
    ['to a column', '\u001b[5;1H\u001b[4G', '   *'],
    ['to a row', '\u001b[1d', 'a*'],
    ['saved and put back', '\u001b7\u001b[H\u001b8', 'c*'],
    ['up with ESC M', '\u001bM', 'b*'],
  ])('is where the cursor has been moved: %s', (_, move, text) => {
    expect(screen('a\r\nb\r\nc').write(`${move}*`).open?.text).toBe(text)
  })

  it.each([
    ['the rest', '\u001b[3G\u001b[K', 'ab'],
    ['all', '\u001b[2K', ''],
    ['the beginning', '\u001b[3G\u001b[1K', '   def'],
    ['letters', '\u001b[2G\u001b[2P', 'adef'],
    ['letters that stay', '\u001b[2G\u001b[2X', 'a  def'],
    ['with letters put in', '\u001b[2G\u001b[2@', 'a  bcdef'],
  ])('is erased: %s', (_, edit, text) => {
    expect(screen('abcdef').write(edit).open?.text).toBe(text)
  })

  it('keeps what it has shown when it scrolls', () => {
    const rows = screen('\u001b[5;1Hlast\r\nnext')
    expect(shown(rows, '\r\n')).toEqual(['next', '> '])
    expect(shown(rows, '\u001b[3;1Hlost')).toEqual(['> lost'])
  })

  it('scrolls within a region', () => {
    const rows = screen('one\r\ntwo\r\nthree\r\nfour', '\u001b[1;3r\u001b[3;1H')
    rows.write('\nnew\u001b[r\u001b[4;1H')
    expect(rows.write('').open?.text).toBe('four')
    expect(rows.write('\u001b[2;1H').open?.text).toBe('three')
  })

  it('is wrapped at the width of the screen', () => {
    expect(shown(screen(), `${'x'.repeat(20)}yy`)).toEqual(['x'.repeat(20), '> yy'])
  })

  it('has wide characters in two columns', () => {
    expect(screen('日本語').write('\u001b[3Gx').open?.text).toBe('日x語')
  })
})

describe('a synchronized update', () => {
  it('is reported at its end', () => {
    const rows = screen('\u001b[2;1Hbefore\u001b[5;1H')
    expect(rows.write('\u001b[?2026h\u001b[2;1Hbe')).toMatchObject({ rows: [], open: null })
    expect(shown(rows, 'low \u001b[K\u001b[5;1H\u001b[?2026l')).toEqual(['below', '> '])
  })

  it('that nobody ends does not hide what comes', () => {
    const rows = screen('\u001b[?2026h')
    for (let n = 0; n < 5; n += 1) rows.write('still\u001b[2;1H')
    expect(shown(rows, '\u001b[3;1Hhere\u001b[4;1H')).toContain('here')
  })
})

describe('output that goes to no terminal', () => {
  it('has lines of any length, of which the end is kept', () => {
    const rows = new ScreenRows()
    for (let n = 0; n < 100; n += 1) rows.write('word '.repeat(50))
    const { open, isAppended } = rows.write('the end')
    expect(open?.text.length).toBeLessThan(5000)
    expect(open?.text).toMatch(/the end$/)
    expect(isAppended).toBe(true)
  })

  it('begins a line behind a line feed', () => {
    const { rows, hasLines } = new ScreenRows().write('one\ntwo\n')
    expect(rows.map(({ text }) => text)).toEqual(['one', 'two'])
    expect(hasLines).toBe(true)
  })
})
