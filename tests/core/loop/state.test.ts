import { describe, expect, it } from 'vitest'
import { changedWords, isChanged, NOTHING_CHANGED } from '../../../src/core/loop/changed.ts'
import { deadlineOf, firstLoop, isLoopState, type LoopState, NEW_LOOP } from '../../../src/core/loop/state.ts'

const NOW = new Date('2026-11-27T22:00:00').getTime() / 1000

const FULL: LoopState = {
  deadline_epoch: NOW,
  unchanged: 3,
  excused: 2,
  excused_since_epoch: NOW - 60,
  next_epoch: NOW + 60,
  next_reason: '2 failures in a row',
  repetition: { count: 2, exit_code: 0, text: 'abc' },
  durations: [1, 2.5],
}

describe('the deadline', () => {
  it.each([
    ['none', null, null, null],
    ['--for', 600, null, NOW + 600],
    ['--until-time', null, '07:30', NOW + 9.5 * 3600],
    ['the earlier of both', 600, '07:30', NOW + 600],
    ['the earlier of both, the other way', 86_400, '07:30', NOW + 9.5 * 3600],
  ])('%s', (_, span, clock, expected) => {
    expect(deadlineOf({ for: span, until_time: clock }, NOW)).toBe(expected)
  })
})

describe('what a loop remembers', () => {
  it('is valid as it is written, and where fields are missing', () => {
    expect(isLoopState(JSON.parse(JSON.stringify(FULL)))).toBe(true)
    expect(isLoopState(NEW_LOOP)).toBe(true)
    expect(isLoopState({})).toBe(true)
  })

  it.each([
    7,
    [],
    'x',
    { unchanged: -1 },
    { unchanged: 0.5 },
    { deadline_epoch: 'soon' },
    { durations: [1, '2'] },
    { durations: null },
    { repetition: { count: 1 } },
    { next_reason: 5 },
  ])('is not %j', (value) => {
    expect(isLoopState(value)).toBe(false)
  })
})

describe('the start of a run', () => {
  const options = { for: 600, until_time: null }
  const start = (changes: Partial<Parameters<typeof firstLoop>[0]>): LoopState =>
    firstLoop({ options, given: {}, before: null, hadFailed: false, now: NOW + 5, ...changes })

  it('sets the deadline', () => {
    expect(start({ given: options })).toEqual({ ...NEW_LOOP, deadline_epoch: NOW + 605 })
    expect(start({ options: { for: null, until_time: null } })).toEqual(NEW_LOOP)
  })

  it('goes on with what was counted, and to the same deadline', () => {
    expect(start({ before: FULL })).toEqual({ ...FULL, next_epoch: null, next_reason: null })
  })

  it('sets another deadline when one is asked for', () => {
    expect(start({ before: FULL, given: { for: 600 } }).deadline_epoch).toBe(NOW + 605)
    const off = { for: null, until_time: null }
    expect(start({ before: FULL, options: off, given: { for: null } }).deadline_epoch).toBeNull()
  })

  it('counts anew after a run that had failed', () => {
    expect(start({ before: FULL, hadFailed: true })).toEqual({
      ...NEW_LOOP,
      deadline_epoch: NOW,
      durations: [1, 2.5],
    })
  })
})

describe('what has changed, in words', () => {
  it.each([
    [null, 'not known'],
    [NOTHING_CHANGED, 'nothing'],
    [{ ...NOTHING_CHANGED, commits: 2, files: 1, notes: 3, head_moved: true }, '2 commits, 1 file, 3 notes'],
    [{ ...NOTHING_CHANGED, output: 1 }, '1 new line'],
    [{ ...NOTHING_CHANGED, head_moved: true }, 'another commit or branch'],
  ])('%j', (changed, words) => {
    expect(changedWords(changed)).toBe(words)
  })

  it.each([
    undefined,
    null,
    2,
    [],
    {},
    { ...NOTHING_CHANGED, commits: -1 },
    { ...NOTHING_CHANGED, head_moved: 1 },
  ])('is not %j', (value) => {
    expect(isChanged(value)).toBe(false)
  })
})
