import { describe, expect, it } from 'vitest'
import { widthOf } from '../../src/cli/terminal.ts'
import type { HistoryEntry } from '../../src/core/history.ts'
import { bar, isUtf8, lastIterations, renderHistory } from '../../src/verbs/history.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { NOW } from '../fakes/records.ts'

const PLAIN = (_: string, text: string): string => text
const UTF8 = { LANG: 'en_US.UTF-8' }
const render = (entries: readonly HistoryEntry[], columns = 80, env = UTF8, paint = PLAIN): string =>
  renderHistory(entries, { columns, paint }, env, NOW.epoch)
const linesOf = (text: string): readonly string[] => text.split('\n').slice(0, -1)

const EVIL = '\u001b]0;evil\u0007\u009b2J\u202e\r\n'

describe('the table of iterations', () => {
  it('has a line for each, with its bar', () => {
    const [header, first, second] = linesOf(
      render(
        [
          anIteration({ duration: 100, output_bytes: 1_258_291 }),
          anIteration({ iteration: 2, duration: 50, result: 'failed', exit_code: 3 }),
        ],
        120,
      ),
    )
    expect(header).toMatch(/^RUN +ITERATION +START +DURATION +RESULT +QUIET +SIZE$/)
    expect(first).toMatch(/^2 +1 +\d\d-\d\d \d\d:\d\d +1m 40s +█{20} +ok +12s +1\.2 MB$/)
    expect(second).toMatch(/^2 +2 +\d\d-\d\d \d\d:\d\d +50s +█{10} +failed 3 +12s +2 KB$/)
  })

  it.each([
    [{ result: 'ok', exit_code: 0 }, 'ok'],
    [{ result: 'failed', exit_code: 127 }, 'failed 127'],
    [{ result: 'killed', exit_code: null, signal: 'SIGKILL' }, 'killed KILL'],
    [{ result: 'timeout', exit_code: null, signal: 'SIGTERM' }, 'timeout TERM'],
    [{ result: 'timeout', exit_code: 0 }, 'timeout'],
    [{ result: 'interrupted', exit_code: 130 }, 'interrupted 130'],
    [{ result: 'killed', exit_code: null, signal: null }, 'killed'],
  ] as const)('says how it ended: %j', (changes, words) => {
    expect(render([anIteration({ signal: null, ...changes })])).toContain(` ${words}  `)
  })

  it('paints the result alone', () => {
    const marked = (style: string, text: string) => (style === 'dim' ? text : `<${style}>${text}</>`)
    const text = render([anIteration({ result: 'killed', signal: 'SIGKILL' })], 80, UTF8, marked)
    expect(text.match(/<.*>/)?.[0]).toBe('<red>killed KILL</>')
  })

  it('has events between the iterations, in the order of the file, and dim', () => {
    const marked = (style: string, text: string) => (style === 'dim' ? `(${text})` : text)
    const lines = linesOf(
      render(
        [
          anEvent(),
          anIteration(),
          anEvent({ event: 'forced', generation: 3, detail: 'run 2 was hung' }),
          anIteration({ generation: 3 }),
          anEvent({ event: 'active-again' }),
        ],
        80,
        UTF8,
        marked,
      ),
    )
    expect(lines.map((line) => line.replace(/\d\d-\d\d \d\d:\d\d/, 'THEN').slice(0, 40))).toEqual([
      expect.stringContaining('(RUN)'),
      '(run 2 claimed THEN)',
      expect.stringMatching(/^2 +1/),
      '(run 3 forced THEN: run 2 was hung)',
      expect.stringMatching(/^3 +1/),
      '(run 2 active again THEN)',
    ])
  })

  it('has no header when there are events only', () => {
    expect(linesOf(render([anEvent()]))).toHaveLength(1)
  })

  it('names below an iteration what fits into no column', () => {
    const text = render([
      anIteration({ incident: '/locks/demo/incidents/x', left_running: 2, output_lost: 2048 }),
    ])
    expect(linesOf(text).slice(2)).toEqual([
      '  2 KB of output could not be written and are lost',
      '  left 2 running in the background',
      '  incident: /locks/demo/incidents/x',
    ])
  })

  it('gives the year in place of the time when it is another', () => {
    const lines = linesOf(render([anIteration({ started_epoch: NOW.epoch - 400 * 86_400 })]))
    expect(lines[1]).toMatch(/^2 +1 +\d{4}-\d\d-\d\d /)
  })

  it.each([80, 100, 200])('fits into %d columns', (columns) => {
    const entries = [
      anEvent({ detail: 'x'.repeat(300) }),
      anIteration({
        generation: 123,
        iteration: 123_456,
        duration: 3599,
        result: 'interrupted',
        signal: 'SIGTERM',
        longest_quiet: 3599,
        output_bytes: 1_022_000,
        incident: `/${'y'.repeat(300)}`,
      }),
    ]
    for (const line of linesOf(render(entries, columns))) expect(widthOf(line)).toBeLessThanOrEqual(columns)
  })

  it('cuts nothing in a pipe', () => {
    expect(render([anEvent({ detail: 'x'.repeat(300) })], Number.POSITIVE_INFINITY)).toContain(
      'x'.repeat(300),
    )
  })

  it('shows no control characters of the file', () => {
    const text = render([
      anEvent({ detail: EVIL }),
      anIteration({ signal: EVIL, incident: EVIL, result: 'killed' }),
    ])
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(linesOf(text)).toHaveLength(4)
  })

  it('has every line when there are many', () => {
    const entries = Array.from({ length: 2000 }, (_, n) => anIteration({ iteration: n + 1 }))
    const lines = linesOf(render(entries))
    expect(lines.slice(1).map((line) => Number(line.split(/ +/)[1]))).toEqual(
      entries.map(({ iteration }) => iteration),
    )
  })

  it('stands iterations that took no time at all', () => {
    expect(render([anIteration({ duration: 0 })])).not.toMatch(/NaN|█/)
  })
})

describe('a bar', () => {
  it.each([
    [1, '████', '####'],
    [0.5, '██', '##'],
    [0.53, '██▏', '##'],
    [0.9, '███▋', '####'],
    [0.001, '▏', '#'],
    [0, '', ''],
    [Number.NaN, '', ''],
  ])('of %d of the longest is %j, or %j', (fraction, blocks, plain) => {
    expect(bar(fraction, 4, true)).toBe(blocks)
    expect(bar(fraction, 4, false)).toBe(plain)
  })

  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LC_ALL: 'C.utf8', LANG: 'C' }, true],
    [{ LC_CTYPE: 'de_DE.UTF-8' }, true],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [{ LC_ALL: '', LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{}, false],
  ])('has blocks where the locale has them: %j', (env, blocks) => {
    expect(isUtf8(env)).toBe(blocks)
    expect(render([anIteration()], 80, env as typeof UTF8).includes('█')).toBe(blocks)
    expect(render([anIteration()], 80, env as typeof UTF8).includes('#')).toBe(!blocks)
  })
})

describe('the last iterations', () => {
  const entries = [
    anEvent(),
    anIteration({ iteration: 1 }),
    anEvent({ event: 'hung' }),
    anEvent({ event: 'active-again' }),
    anIteration({ iteration: 2 }),
    anEvent({ event: 'ended' }),
  ]

  it('have the events between them, before them and after them', () => {
    expect(lastIterations(entries, 1)).toEqual({ entries: entries.slice(2), left: 1 })
  })

  it.each([2, 3, null])('are all of them when %s of 2 are asked for', (count) => {
    expect(lastIterations(entries, count)).toEqual({ entries, left: 0 })
  })

  it('are none where there are events only', () => {
    expect(lastIterations([anEvent()], 5)).toEqual({ entries: [anEvent()], left: 0 })
  })
})
