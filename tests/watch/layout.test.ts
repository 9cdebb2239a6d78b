/** The screen at several sizes, from sessions with records. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { widthOf } from '../../src/cli/terminal.ts'
import type { Attention } from '../../src/core/attention.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { sessionWant } from '../../src/core/ticket.ts'
import { Snapshot } from '../../src/session/snapshot.ts'
import { cutter } from '../../src/watch/cut.ts'
import { helpLines, layout, type Size, unfolded, wrap } from '../../src/watch/layout.ts'
import { type Row, rowOf, type Waiter } from '../../src/watch/row.ts'
import { FIRST_STATE, KEYS, press, seen, type WatchState } from '../../src/watch/state.ts'
import { bar, sparkline } from '../../src/watch/table.ts'
import { aRecord, HERE, NOW, owner, refresher, viewOf, worker } from '../fakes/records.ts'

const cut = await cutter()

const LIVING = viewOf([owner(), refresher(), worker()])

const watch = aRecord().watch
if (watch === null) throw new Error('the record of all tests is watched')

type Parts = {
  readonly view?: typeof LIVING
  readonly asked?: Attention
  readonly durations?: readonly number[]
  readonly waiters?: readonly Waiter[]
}

const row = (session: string, changes: Partial<RecordFields> = {}, parts: Parts = {}): Row => {
  const { view = LIVING, asked = null, durations = [], waiters = [] } = parts
  const stored = { kind: 'record', record: aRecord({ session, ...changes }) } as const
  return rowOf(
    new Snapshot({ session, stored, asked: () => asked }, HERE, { view, now: NOW }),
    durations,
    NOW,
    waiters,
  )
}

const series = { bucket: 15, last: NOW.monotonic - 5, levels: [0, 1, 4, 8] }
const active = (session: string) => row(session, { watch: { ...watch, series } }, { durations: [300] })
const hung = row('hangs', {
  heartbeat_monotonic: NOW.monotonic - 200,
  watch: { ...watch, stall: { cause: 'silent', since: NOW.monotonic - 700 } },
})
const dead = row('died', { heartbeat_monotonic: NOW.monotonic - 300 }, { view: viewOf([]) })
const asks = row('asks', {}, { asked: { kind: 'question', text: 'deploy?', since_epoch: NOW.epoch - 60 } })

const stateOf = (rows: readonly Row[]): WatchState => seen(FIRST_STATE, rows, NOW.monotonic)
const ALL = stateOf([active('works'), dead, hung, asks])

const screen = (state: WatchState, columns: number, rows: number): readonly string[] =>
  layout(state, {
    size: { columns, rows },
    paint: (_, text) => text,
    cut,
    clock: '12:34:56',
    lockDir: '/home/ann/.local/state/tmux-session-lock',
  })

const SIZES: readonly Size[] = [60, 90, 200, 40, 20, 1].flatMap((columns) =>
  [50, 24, 14, 6, 2, 1].map((rows) => ({ columns, rows })),
)

describe('the screen', () => {
  const many = stateOf(Array.from({ length: 300 }, (_, n) => active(`session-${n}`)))
  const withPreview: WatchState = {
    ...ALL,
    preview: {
      session: 'asks',
      source: 'its pane',
      lines: ['\u001b[31mred\u001b[0m', 'x'.repeat(500), '漢字'.repeat(200)],
    },
  }
  const states: readonly (readonly [string, WatchState])[] = [
    ['no sessions', stateOf([])],
    ['four sessions', ALL],
    ['three hundred sessions', many],
    ['a preview', withPreview],
    ['a filter that is typed', { ...ALL, filter: 'wor', mode: { kind: 'filter' } }],
    ['a filter that nothing matches', { ...ALL, filter: 'nothing' }],
    ['a question', { ...ALL, mode: { kind: 'confirm', action: 'stop', session: 'works' } }],
    ['the help', { ...ALL, mode: { kind: 'page', title: 'keys', lines: helpLines(60), top: 0 } }],
    ['a problem', { ...ALL, problem: `the lock directory ${'/long'.repeat(60)} cannot be used` }],
  ]

  it.each(states)('with %s fills every size, and no line is wider', (_, state) => {
    for (const { columns, rows } of SIZES) {
      const lines = screen(state, columns, rows)
      expect(lines).toHaveLength(rows)
      for (const line of lines)
        expect([columns, rows, line, widthOf(stripVTControlCharacters(line)) <= columns]).toEqual([
          columns,
          rows,
          line,
          true,
        ])
    }
  })

  it('at 60 columns has states, names, iterations, activity and the beginning of the reason', () => {
    const [head, titles, ...rows] = screen(ALL, 60, 24)
    expect(head).toMatch(/^sessions {2}1● 1◌ 1✗ 1! .*12:34:56$/)
    expect(titles?.trim().split(/ +/)).toEqual(['STATE', 'SESSION', 'ITER', 'ACTIVITY', 'REASON'])
    expect(rows.slice(0, 4).map((line) => line.slice(0, 21).trimEnd())).toEqual([
      '▸ ! needs you asks',
      '  ◌ hung      hangs',
      '  ✗ dead      died',
      '  ● active    works',
    ])
    expect(rows[3]).toContain('▁▂▄█ for 3m 20s; heartbeat 5')
  })

  it('at 90 columns has the bar of the iterations and the time that is left, and the reason in full below', () => {
    const lines = screen({ ...ALL, selected: 'works' }, 90, 24)
    expect(lines[1]).toContain('PROGRESS LEFT  ACTIVITY')
    // In the second of five iterations, for 200 of the usual 300 seconds: 100 are left, and three times 300.
    expect(lines[5]).toMatch(/▸ ● active +works +2\/5 +▓▓░░░░░░ ~16m/)
    expect(lines[6]).toMatch(/^─ works active, run 7, iteration 2\/5, about 16m 40s left ─+$/)
    expect(lines[7]).toContain('iteration 2 of 5 for 3m 20s; heartbeat 5s ago, limit 2m')
  })

  it('at 200 columns has the selected session beside the table', () => {
    const lines = screen(withPreview, 200, 24)
    expect(lines[1]).toMatch(/^ {2}STATE .* BEAT .* │ ─ asks needs you, run 7/)
    expect(lines[2]).toMatch(/ │ needs you: question: deploy\?, for 1m; iteration 2 of 5/)
    expect(lines.some((line) => line.includes(' │ \u001b[31mred'))).toBe(true)
    expect(lines.slice(1, -1).every((line) => line.charAt(116) === '│')).toBe(true)
  })

  it('keeps the selected session in sight among many', () => {
    for (const selected of ['session-0', 'session-150', 'session-299']) {
      const lines = screen({ ...many, selected }, 90, 24)
      expect(lines.filter((line) => line.startsWith('▸'))).toEqual([
        expect.stringContaining(selected.slice(0, 20)),
      ])
    }
  })

  it('marks what has changed for a few seconds, in a character and not in colour alone', () => {
    const later = seen(ALL, [active('works'), dead, active('hangs'), asks], NOW.monotonic + 1)
    const marked = (state: WatchState) =>
      screen(state, 90, 24)
        .filter((line) => line.charAt(1) === '*')
        .map((line) => line.slice(14, 20).trim())
    expect(marked(ALL)).toEqual([])
    expect(marked(later)).toEqual(['hangs'])
    expect(marked(seen(later, later.rows, NOW.monotonic + 20))).toEqual([])
  })

  it('says who waits to begin: first, but behind what needs a person', () => {
    const waiters = [
      { ticket: { wants: [sessionWant('works')], since_epoch: NOW.epoch - 180 }, turn: 2 },
      { ticket: { wants: [sessionWant('works')], since_epoch: NOW.epoch - 60 }, turn: 3 },
    ]
    expect(row('works', {}, { waiters }).reason).toMatch(
      /^a run waits for works, 2nd in line, for 3m, and 1 more behind it; iteration 2 of 5/,
    )
    expect(row('works').reason).toMatch(/^iteration 2 of 5/)
    expect(
      row('asks', {}, { waiters, asked: { kind: 'question', text: 'deploy?', since_epoch: NOW.epoch - 60 } })
        .reason,
    ).toMatch(/^needs you: .*; a run waits for works, 2nd in line/)
  })

  it('has in the table what the other columns do not say', () => {
    expect([asks, hung, dead, active('works')].map(({ brief }) => brief.slice(0, 20))).toEqual([
      'question: deploy?, f',
      'shows no activity, f',
      'owner is gone: no su',
      'for 3m 20s; heartbea',
    ])
  })

  it('says which keys make sense now, as far as there is room', () => {
    const next = (selected: string, columns: number) =>
      screen({ ...ALL, selected }, columns, 24).find((line) => line.includes('next: '))
    expect(next('asks', 90)).toBe('next: Enter shows its pane, to answer there')
    expect(next('hangs', 90)).toBe(
      'next: Enter shows its pane, i ends the iteration, f takes it over, s stops it',
    )
    expect(next('hangs', 60)).toBe('next: Enter shows its pane, i ends the iteration')
    expect(next('died', 60)).toBe('next: f continues it, r ends what it left')
    expect(next('works', 60)).toBeUndefined()
    const asked = { kind: 'question', text: 'sure?', since_epoch: NOW.epoch } as const
    expect(row('asks', { tmux: null }, { asked }).next).toEqual(['l shows what it printed'])
  })

  it('has every word of the help also at 60 columns, and all of it on 24 lines', () => {
    const words = helpLines(60).join(' ')
    for (const [key, meaning] of KEYS) {
      expect(words).toContain(key)
      for (const word of meaning.split(' ')) expect(words).toContain(word)
    }
    expect(words).toContain('* changed just now')
    expect(helpLines(60).length).toBeLessThanOrEqual(21)
    expect(helpLines(60).every((line) => widthOf(line) <= 60)).toBe(true)
  })

  it('leaves out the keys for which there is no room, and cuts no word', () => {
    const foot = (state: WatchState, columns: number) => screen(state, columns, 24).at(-1)
    expect(foot(ALL, 60)).toBe('? help  q quit  ↑↓ select  Enter attach  w why  l logs')
    expect(foot(ALL, 90)).toMatch(/ {2}\/ filter {2}i s f r act$/)
    const message = {
      text: 'works has been asked to stop, and ends after its grace of ten seconds',
      until: 1,
    }
    expect(foot({ ...ALL, message }, 60)).toBe('works has been asked to stop, and ends after its grace of …')
    const session = 'a-name-of-forty-characters-0123456789-ab'
    expect(foot({ ...ALL, mode: { kind: 'confirm', action: 'force', session } }, 60)).toBe(
      `y or n: force ${session}?`,
    )
    expect(foot({ ...ALL, mode: { kind: 'confirm', action: 'stop', session } }, 90)).toBe(
      `stop ${session}?  y does it, any other key does not`,
    )
  })

  it('says that the lock directory is gone, and not that there is nothing in it yet', () => {
    const gone = screen({ ...stateOf([]), isGone: true }, 90, 24).join('\n')
    expect(gone).toContain('/home/ann/.local/state/tmux-session-lock is gone')
    expect(gone).not.toContain('yet')
  })

  it('has no full bar for what died in its only iteration', () => {
    const changes = {
      iteration: 1,
      iterations: 1,
      last_iteration: null,
      heartbeat_monotonic: NOW.monotonic - 300,
    }
    expect(row('died', changes, { view: viewOf([]), durations: [1] }).progress).toEqual({
      fraction: 0,
      left: null,
    })
  })

  it('tells every state without colours', () => {
    const text = screen(ALL, 60, 24).join('\n')
    for (const label of ['! needs you', '◌ hung', '✗ dead', '● active']) expect(text).toContain(label)
  })
})

describe('a bar', () => {
  it.each([
    [null, '    '],
    [0, '░░░░'],
    [0.5, '▓▓░░'],
    [0.99, '▓▓▓░'],
    [1, '▓▓▓▓'],
    [7, '▓▓▓▓'],
  ])('of %j', (fraction, text) => {
    expect(bar(fraction, 4)).toBe(text)
  })
})

describe('a sparkline', () => {
  it('has the newest at the right, and is blank before the first', () => {
    expect(sparkline([0, 8], 4)).toBe('  ▁█')
    expect(sparkline([8, 0, 4, 2], 2)).toBe('▄▂')
    expect(sparkline([], 3)).toBe('   ')
  })
})

describe('long text', () => {
  it('goes on in the next line at a blank, and says when there is more', () => {
    expect(wrap('one two three four', 8, 5)).toEqual(['one two', 'three', 'four'])
    expect(wrap('one two three four', 8, 2)).toEqual(['one two', 'three …'])
  })

  it('keeps its columns when it fits', () => {
    expect(unfolded('  A    B', 20)).toEqual(['  A    B'])
  })
})

describe('keys', () => {
  const key = (text: string) => ({ name: text, text })
  const named = (name: string) => ({ name, text: '' })
  const moment = { page: 3, now: 0 }
  const pressAll = (state: WatchState, ...keys: Parameters<typeof press>[1][]) =>
    keys.reduce<ReturnType<typeof press>>(([now], one) => press(now, one, moment), [state, { kind: 'none' }])

  it.each([
    ['down', [named('down')], 'hangs'],
    ['j twice', [key('j'), key('j')], 'died'],
    ['more than there are', [key('j'), key('j'), key('j'), key('j'), key('j')], 'works'],
    ['up at the top', [named('up')], 'asks'],
    ['G', [key('G')], 'works'],
    ['G and g', [key('G'), key('g')], 'asks'],
  ])('move by %s', (_, keys, selected) => {
    expect(pressAll(ALL, ...keys)[0].selected).toBe(selected)
  })

  it.each([
    ['w', { kind: 'open', verb: 'why', session: 'asks' }],
    ['l', { kind: 'open', verb: 'logs', session: 'asks' }],
    ['h', { kind: 'open', verb: 'history', session: 'asks' }],
    ['q', { kind: 'quit' }],
  ])('%s does it at once', (text, effect) => {
    expect(press(ALL, key(text), moment)[1]).toEqual(effect)
  })

  it.each([
    ['i', 'interrupt', 'works'],
    ['s', 'stop', 'hangs'],
    ['f', 'force', 'died'],
    ['r', 'reap', 'died'],
  ])('%s asks first, and only y does it', (text, action, session) => {
    const state: WatchState = { ...ALL, selected: session }
    const [asked, nothing] = press(state, key(text), moment)
    expect([asked.mode, nothing]).toEqual([{ kind: 'confirm', action, session }, { kind: 'none' }])
    expect(press(asked, key('y'), moment)[1]).toEqual({ kind: 'act', action, session })
    for (const other of [key('n'), named('return'), named('escape'), key(text)]) {
      const [after, effect] = press(asked, other, moment)
      expect([effect, after.mode.kind]).toEqual([{ kind: 'none' }, 'table'])
    }
  })

  it.each([
    ['r', 'works', 'only dead sessions are reaped'],
    ['s', 'died', 'nothing to stop'],
    ['i', 'died', 'nothing to interrupt'],
  ])('%s refuses what makes no sense for %s', (text, selected, reason) => {
    const [state, effect] = press({ ...ALL, selected }, key(text), moment)
    expect([state.mode.kind, effect.kind]).toEqual(['table', 'none'])
    expect(state.message?.text).toContain(reason)
  })

  it('do nothing to a session where there is none', () => {
    for (const text of [...'wlhisfr']) expect(press(stateOf([]), key(text), moment)[1].kind).toBe('none')
    expect(press(stateOf([]), named('return'), moment)[1].kind).toBe('none')
  })

  it('filter while it is typed, select what matches, and Escape ends it', () => {
    const [typed] = pressAll(
      ALL,
      key('/'),
      key('w'),
      key('o'),
      key('r'),
      key('k'),
      key('s'),
      key('q'),
      named('backspace'),
    )
    expect([typed.filter, typed.selected, typed.mode.kind]).toEqual(['works', 'works', 'filter'])
    const [kept] = press(typed, named('return'), moment)
    expect([kept.filter, kept.mode.kind]).toEqual(['works', 'table'])
    expect(press(kept, named('escape'), moment)[0].filter).toBe('')
  })

  it('select the next one when the selected session has gone', () => {
    const state: WatchState = { ...ALL, selected: 'hangs' }
    expect(seen(state, [active('works'), dead, asks], 1).selected).toBe('died')
    expect(seen(state, [], 1).selected).toBeNull()
  })

  it('Ctrl-C ends it in every mode', () => {
    for (const first of [key('/'), key('s')])
      expect(pressAll(ALL, first, named('ctrl-c'))[1]).toEqual({ kind: 'quit' })
  })
})
