import { describe, expect, it } from 'vitest'
import { renderOutput, sizeOf } from '../../src/verbs/shared/rendered-output.ts'

const rendered = (text: string): Promise<readonly string[]> => renderOutput(Buffer.from(text))

describe('output as a terminal has it', () => {
  it('is the lines of a program that only prints', async () => {
    expect(await rendered('one\ntwo\n\nthree')).toEqual(['one', 'two', '', 'three'])
    expect(await rendered('')).toEqual([])
  })

  it('is what was drawn last', async () => {
    expect(await rendered('10 %\r50 %\r100 %\r\ndone\r\n')).toEqual(['100 %', 'done'])
    expect(await rendered('\x1b[2J\x1b[Hold text\x1b[1;1Hnew\x1b[K')).toEqual(['new'])
    expect(await rendered('\x1b[31mred\x1b[0m \x1b]0;title\x07grün ⠋')).toEqual(['red grün ⠋'])
  })

  it('has what has scrolled away', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`)
    expect(await rendered(lines.join('\r\n'))).toEqual(lines)
  })

  it('joins what was wrapped', async () => {
    const long = `${'word '.repeat(200)}end`
    expect(await rendered(`${long}\nnext`)).toEqual([long, 'next'])
  })

  it('has the alternate screen as it was left, which a terminal forgets', async () => {
    expect(await rendered('$ vi\r\n\x1b[?1049h\x1b[HIt says this.\x1b[?1049l$ \r\n')).toEqual([
      'It says this.',
      '$ vi',
      '$',
    ])
  })

  it('is as large as what was drawn in it', () => {
    expect(sizeOf('\x1b[50;130Hx')).toEqual({ columns: 130, rows: 50 })
    expect(sizeOf(`${'─'.repeat(120)}\r\n`)).toEqual({ columns: 120, rows: 24 })
    expect(sizeOf('\x1b[9999;9999H')).toEqual({ columns: 500, rows: 300 })
  })
})
