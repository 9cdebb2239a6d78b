/** The pictures of README.md: a screen as SVG. */
import { describe, expect, it } from 'vitest'
import { drawScreen, readScreen } from '../../scripts/pictures/terminal-svg.mjs'

const SIZE = { columns: 20, rows: 3 }
const WORDS = { columns: 20, title: 'a & b', description: '<none>' }

const draw = async (ansi: string): Promise<string> => drawScreen(await readScreen(ansi, SIZE), WORDS)
const texts = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, text]) => `${text}|${attributes}`)

describe('a screen', () => {
  it('is runs of cells that look the same', async () => {
    const [first, second] = await readScreen('ab\x1b[31mcd\x1b[0m\n世x', SIZE)
    expect(first?.slice(0, 2)).toMatchObject([
      { at: 0, text: 'ab', width: 2 },
      { at: 2, text: 'cd', width: 2, style: { color: '#ff6b6b' } },
    ])
    expect(second?.[0]?.text.trimEnd()).toBe('世x')
    expect(second?.[0]?.width).toBe(20)
  })

  it('is drawn row by row, with its colours, and as wide as its cells', async () => {
    const svg = await draw('one\n\x1b[1mtwo\x1b[0m \x1b[7mtri\x1b[0m')
    const [title, one, two, tri] = texts(svg)
    expect(title).toMatch(/^a &amp; b\|/)
    expect(one).toMatch(/^one\|x="0" y="13.5" textLength="25.2"/)
    expect(two).toMatch(/^two\|.*y="31.5".*font-weight="bold"/)
    expect(tri).toMatch(/^tri\|x="33.6".*fill="#16181d"/)
    expect(svg).toContain('<rect x="33.6" y="18" width="25.2" height="18" fill="#d7dae0"/>')
  })

  it('is XML whatever is on it', async () => {
    const svg = await draw('<a href="x">&\x1b[38;2;1;2;3m"\x1b[0m')
    expect(texts(svg).join()).toContain('&lt;a href=&quot;x&quot;&gt;&amp;')
    expect(svg).toContain('fill="#010203"')
    expect(svg).toContain('<desc id="description">&lt;none&gt;</desc>')
    expect(svg.match(/<text /g)?.length).toBe(svg.match(/<\/text>/g)?.length)
  })
})
