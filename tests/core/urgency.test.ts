import { describe, expect, it } from 'vitest'
import type { Attention } from '../../src/core/attention.ts'
import { prometheusText } from '../../src/core/prometheus.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { coarseDuration, statusSegment } from '../../src/core/status-segment.ts'
import { troubleSeconds, urgentOnes } from '../../src/core/urgency.ts'
import { Snapshot } from '../../src/session/snapshot.ts'
import { aRecord, HERE, NOW, owner, refresher, viewOf, worker } from '../fakes/records.ts'

const LIVING = viewOf([owner(), refresher(), worker()])
const GONE = viewOf([])

type Changes = Partial<RecordFields>

const snapshot = (session: string, changes: Changes = {}, view = LIVING, asked: Attention | null = null) =>
  new Snapshot(
    { session, stored: { kind: 'record', record: aRecord({ session, ...changes }) }, asked: () => asked },
    HERE,
    { view, now: NOW },
  )

const watch = aRecord().watch
if (watch === null) throw new Error('the record of all tests is watched')

const active = (session: string) => snapshot(session)
/** @param seconds since the worker was last active */
const hung = (session: string, seconds: number) =>
  snapshot(session, {
    heartbeat_monotonic: NOW.monotonic - 200,
    watch: { ...watch, stall: { cause: 'silent', since: NOW.monotonic - seconds } },
  })
/** @param seconds since its last heartbeat */
const dead = (session: string, seconds: number) =>
  snapshot(session, { heartbeat_monotonic: NOW.monotonic - seconds }, GONE)
const asks = (session: string, seconds: number) =>
  snapshot(session, {}, LIVING, { kind: 'question', text: 'deploy?', since_epoch: NOW.epoch - seconds })
const free = (session: string) =>
  new Snapshot({ session, stored: { kind: 'none' } }, HERE, { view: LIVING, now: NOW })
const unknown = (session: string) =>
  new Snapshot({ session, stored: { kind: 'corrupt', reason: 'x' } }, HERE, { view: LIVING, now: NOW })

describe('the session that needs a person most', () => {
  it.each([
    ['none of those that work', [active('a'), free('b'), unknown('c')], undefined],
    ['one that asks, before one that hangs for longer', [hung('a', 9000), asks('b', 5)], 'b'],
    ['one that hangs, before a dead one', [dead('a', 9000), hung('b', 700)], 'b'],
    ['of several the one that waits longest', [hung('a', 700), hung('b', 900), hung('c', 800)], 'b'],
    ['of several dead ones the one that is dead longest', [dead('a', 500), dead('b', 900)], 'b'],
  ])('is %s', (_, sessions, expected) => {
    expect(urgentOnes(sessions, NOW)[0]?.session).toBe(expected)
  })

  it.each([
    ['has asked', asks('a', 42), 42],
    ['has shown nothing', hung('a', 700), 700],
    ['has died, by its last heartbeat', dead('a', 300), 300],
    [
      'has died, as its guard has recorded',
      snapshot('a', {
        phase: 'ended',
        ended: { epoch: NOW.epoch - 77, reason: 'owner-died', exit_code: null },
      }),
      77,
    ],
    ['works', active('a'), null],
    ['is free', free('a'), null],
  ])('counts from when it %s', (_, session, seconds) => {
    expect(troubleSeconds(session, NOW)).toBe(seconds)
  })
})

describe('the segment for a status line', () => {
  it.each([
    ['nothing', [], ''],
    ['what is free', [free('a')], ''],
    ['what works', [active('a'), active('b')], '2●'],
    ['a hung one', [active('a'), hung('docs', 720), active('b')], '2● 1◌ docs 12m'],
    ['a dead one', [dead('docs', 7300), free('b')], '1✗ docs 2h'],
    [
      'all kinds at once',
      [active('a'), hung('b', 700), dead('c', 300), unknown('d'), asks('e', 5), free('f')],
      '1● 1◌ 1✗ 1? 1! e 5s',
    ],
  ])('of %s', (_, sessions, text) => {
    expect(statusSegment(sessions, NOW)).toBe(text)
  })

  it.each([
    [0.4, '0s'],
    [59.9, '59s'],
    [60, '1m'],
    [3599, '59m'],
    [7200, '2h'],
    [200_000, '2d'],
  ])('has %d seconds as %s', (seconds, text) => {
    expect(coarseDuration(seconds)).toBe(text)
  })
})

describe('the metrics', () => {
  const SERIES =
    /^([a-z][a-z0-9_]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/

  it('are empty without sessions', () => {
    expect(prometheusText([])).toBe('')
  })

  it('have one HELP and one TYPE line before all series of a name, and each series once', () => {
    const text = prometheusText([active('a'), hung('b', 700), dead('c', 300), asks('d', 5), free('e')])
    expect(text.endsWith('\n')).toBe(true)
    const seen = new Set<string>()
    let current = ''
    for (const line of text.trimEnd().split('\n')) {
      const [, keyword, name = ''] = /^# (HELP|TYPE) (\w+) ./.exec(line) ?? []
      if (keyword === 'HELP') {
        expect(seen).not.toContain(name)
        current = name
      } else if (keyword === 'TYPE') expect(line).toBe(`# TYPE ${current} gauge`)
      else {
        const [, of, labels] = SERIES.exec(line) ?? []
        expect([line, of]).toEqual([line, current])
        expect(seen).not.toContain(`${of}{${labels}}`)
        seen.add(`${of}{${labels}}`)
      }
      seen.add(current)
    }
  })

  it('say in which state a session is, and what it needs', () => {
    const lines = prometheusText([asks('d', 5)]).split('\n')
    expect(lines).toContain('session_lock_state{session="d",state="active"} 1')
    expect(lines).toContain('session_lock_state{session="d",state="hung"} 0')
    expect(lines).toContain('session_lock_attention{session="d",kind="question"} 1')
    expect(lines).toContain('session_lock_owner_alive{session="d"} 1')
    expect(lines).toContain(`session_lock_heartbeat_timestamp_seconds{session="d"} ${NOW.epoch - 5}`)
  })

  it('leave out what there is not', () => {
    const text = prometheusText([snapshot('a', { iterations: null }), free('b'), unknown('c')])
    expect(text).not.toMatch(/iterations\{|end_timestamp|exit_code|NaN|null|owner_alive\{session="c"/)
    expect(text).not.toMatch(/heartbeat_timestamp_seconds\{session="[bc]"/)
  })
})
