import { describe, expect, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { finalProgress, progressOf } from '../../src/core/time-left.ts'
import { aRecord, NOW, OPTIONS } from '../fakes/records.ts'

/** In iteration 2 of 5, for 200 seconds. */
const record = (changes: Partial<RecordFields> = {}): LockRecord => aRecord(changes)
const waiting = (total: number | null): LockRecord => {
  const paused = aRecord({ phase: 'waiting', iterations: total, options: { ...OPTIONS, delay: 60 } })
  return { ...paused, loop: { ...paused.loop, next_epoch: NOW.epoch + 30 } }
}

describe('how far a run is, and what is left of it', () => {
  it.each<[string, LockRecord, number[], number | null, number | null]>([
    ['nothing is known to be left without earlier iterations', record(), [], 0.2, null],
    ['all that follow count', record(), [300], (1 + 200 / 300) / 5, 100 + 3 * 300],
    [
      'pauses count',
      record({ options: { ...OPTIONS, delay: 60 } }),
      [300],
      (1 + 200 / 300) / 5,
      100 + 3 * 360,
    ],
    ['the usual is the one in the middle', record(), [10, 300, 9000], (1 + 200 / 300) / 5, 1000],
    ['one that takes longer than usual is nearly over', record(), [100], 2 / 5, 300],
    ['without a last iteration it is this one', record({ iterations: null }), [400], 0.5, 200],
    ['without both nothing is known', record({ iterations: null }), [], null, null],
    ['a pause is part of it', waiting(5), [300], 0.4, 30 + 2 * 60 + 3 * 300],
    ['of an endless run only the pause is left', waiting(null), [300], null, 30],
    ['an instant iteration divides nothing by zero', record(), [0], 0.2, null],
    [
      'nothing is left of one that has ended',
      record({ phase: 'ended', iteration: 5, ended: { epoch: 1, reason: 'completed', exit_code: 0 } }),
      [300],
      1,
      null,
    ],
  ])('%s', (_, run, durations, fraction, left) => {
    const progress = progressOf(run, durations, NOW.epoch)
    if (fraction === null) expect(progress.fraction).toBeNull()
    else expect(progress.fraction).toBeCloseTo(fraction)
    if (left === null) expect(progress.left).toBeNull()
    else expect(progress.left).toBeCloseTo(left)
  })
})

describe('how far a run has come that goes no further', () => {
  const last = {
    generation: aRecord().generation,
    result: 'ok',
    exit_code: 0,
    signal: null,
    ended_epoch: 1,
  } as const

  it.each<[string, Partial<RecordFields>, number | null]>([
    ['died in the first iteration', { iteration: 1, iterations: 1, last_iteration: null }, 0],
    ['died in the second of five', { last_iteration: { ...last, iteration: 1 } }, 0.2],
    ['died in a pause after the second of five', { last_iteration: { ...last, iteration: 2 } }, 0.4],
    [
      'died in an iteration that had ended in an earlier run',
      { last_iteration: { ...last, generation: 1, iteration: 2 } },
      0.2,
    ],
    ['died before the first iteration', { iteration: 0, last_iteration: null }, 0],
    ['has no last iteration', { iterations: null }, null],
    [
      'was stopped in the second of five',
      { phase: 'ended', ended: { epoch: 1, reason: 'interrupted', exit_code: 130 }, last_iteration: null },
      0.2,
    ],
    [
      'was completed by a rule',
      { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 }, last_iteration: null },
      0.4,
    ],
  ])('that %s', (_, changes, fraction) => {
    expect(finalProgress(aRecord(changes))).toEqual({ fraction, left: null })
  })
})
