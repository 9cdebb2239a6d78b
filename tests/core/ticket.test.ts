import { describe, expect, it } from 'vitest'
import {
  describeWant,
  encodeTicket,
  type FiledTicket,
  ordinal,
  parseTicket,
  type Ticket,
  ticketsAhead,
  type Want,
} from '../../src/core/ticket.ts'

const WAITER = {
  pid: 4000,
  pid_started: 900,
  started_clock: 'boot-ticks',
  boot_id: 'boot-a',
  pid_namespace: 'pid:[1]',
  host: 'here',
  user: 'ann',
} as const

const ticket = (changes: Partial<Ticket> = {}): Ticket => ({
  session: 'docs',
  waiter: WAITER,
  since_epoch: 1_800_000_000,
  wants: ['session:docs'],
  force: false,
  tmux: null,
  ...changes,
})

const filed = (number: number, wants: readonly Want[], changes: Partial<Ticket> = {}): FiledTicket => ({
  number,
  file: `${number}-aa`,
  ticket: ticket({ wants, ...changes }),
})

describe('who comes before', () => {
  const one = filed(1, ['place:'])
  const two = filed(2, ['path:/x'])
  const three = filed(3, ['place:'])
  const forced = filed(4, ['session:a', 'place:'], { force: true })

  it.each<[string, readonly FiledTicket[], readonly Want[], FiledTicket | null, readonly FiledTicket[]]>([
    ['nobody, when nobody waits', [], ['place:'], null, []],
    ['all that want the same, for one that does not wait', [three, two, one], ['place:'], null, [one, three]],
    ['only earlier ones', [one, two, three], ['place:'], one, []],
    ['the nearest last', [three, one, two], ['place:'], filed(5, ['place:']), [one, three]],
    ['whoever wants one of several things', [one, two, three], ['path:/x', 'session:b'], null, [two]],
    ['nobody who wants another thing', [one, two, three], ['session:b'], null, []],
    ['one that takes a session, whenever it came', [one, forced], ['place:'], one, [forced]],
    ['nobody, for that one', [one, three, forced], ['place:', 'session:a'], forced, []],
    [
      'only one of two with one number',
      [one, { ...one, file: '1-bb' }],
      ['place:'],
      { ...one, file: '1-bb' },
      [one],
    ],
  ])('%s', (_, tickets, wants, mine, ahead) => {
    expect(ticketsAhead(tickets, wants, mine)).toEqual(ahead)
  })
})

describe('a ticket in its file', () => {
  it('is read as it was written', () => {
    const tmux = { socket: '/tmp/s', session: 'docs', pane: '%1', server_pid: 7 }
    for (const one of [ticket(), ticket({ tmux, force: true, wants: ['path:/a b', 'place:', 'place:x'] })])
      expect(parseTicket(encodeTicket(one))).toEqual(one)
  })

  it.each<[string, unknown]>([
    ['no object', []],
    ['no waiter', { ...ticket(), waiter: null }],
    ['a waiter without a PID', { ...ticket(), waiter: { ...WAITER, pid: 0 } }],
    ['a want of another kind', { ...ticket(), wants: ['moon:'] }],
    ['a want that is no text', { ...ticket(), wants: [1] }],
    ['no wants', { ...ticket(), wants: undefined }],
    ['half a pane', { ...ticket(), tmux: { pane: '%1' } }],
  ])('is none with %s', (_, value) => expect(parseTicket(JSON.stringify(value))).toBeNull())

  it('is none when it is torn', () => expect(parseTicket(encodeTicket(ticket()).slice(0, -5))).toBeNull())
})

it.each<[Want, string]>([
  ['session:docs', 'docs'],
  ['path:/a:b', '/a:b'],
  ['place:', 'a place'],
  ['place:agents', 'a place of group agents'],
])('%s is called %s', (want, words) => expect(describeWant(want)).toBe(words))

it.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [12, '12th'],
  [13, '13th'],
  [21, '21st'],
  [112, '112th'],
])('%i is written %s', (number, text) => expect(ordinal(number)).toBe(text))
