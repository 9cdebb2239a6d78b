import { describe, expect, it } from 'vitest'
import { NEW_LOOP } from '../../../src/core/loop/state.ts'
import { leftTexts, ruleText, waitText } from '../../../src/core/loop/texts.ts'
import { aRecord, NOW, OPTIONS } from '../../fakes/records.ts'

const LOOP = {
  ...NEW_LOOP,
  deadline_epoch: NOW.epoch + 7500,
  unchanged: 2,
  excused: 1,
  repetition: { count: 3, exit_code: 0, text: 'x' },
}
const RULES = {
  ...OPTIONS,
  max_unchanged: 5,
  max_failures: 4,
  until: 'make test',
  backoff: { from: 30, to: 900 },
}

describe('what is left of a loop', () => {
  it('is told by each rule that has begun to count', () => {
    expect(leftTexts(aRecord({ loop: LOOP, options: RULES, failures: 3 }), NOW.epoch)).toEqual([
      '2h 5m left',
      '2 of 5 iterations without a change',
      '3 of 5 with the same text',
      '2 of 4 failures',
    ])
  })

  it('is nothing in a run without rules, and without failures that count', () => {
    expect(leftTexts(aRecord(), NOW.epoch)).toEqual([])
    expect(
      leftTexts(aRecord({ loop: { ...NEW_LOOP, unchanged: 9, excused: 2 }, failures: 2 }), NOW.epoch),
    ).toEqual([])
  })
})

describe('a wait', () => {
  it.each([
    [null, null, ''],
    [NOW.epoch + 90, null, ', the next begins in 1m 30s'],
    [NOW.epoch + 90, '2 failures in a row', ', the next begins in 1m 30s (2 failures in a row)'],
    [NOW.epoch - 5, null, ', the next begins in 0s'],
  ])('until %s because of %s', (next_epoch, next_reason, text) => {
    expect(waitText(aRecord({ loop: { ...NEW_LOOP, next_epoch, next_reason } }), NOW.epoch)).toBe(text)
  })
})

describe('the rules of a loop', () => {
  it('are told as they are given', () => {
    expect(ruleText(aRecord({ options: RULES }))).toBe(
      "--until 'make test' --max-unchanged 5 --backoff 30s..15m",
    )
    expect(ruleText(aRecord())).toBe('')
  })
})
