import { describe, expect, it } from 'vitest'
import type { Changed } from '../../../src/core/loop/changed.ts'
import { NOTHING_CHANGED } from '../../../src/core/loop/changed.ts'
import {
  type Decision,
  decide,
  type Facts,
  failuresAfter,
  isOverAt,
  type LoopOptions,
  type Outcome,
  type RunEnd,
} from '../../../src/core/loop/decide.ts'
import { type LoopState, NEW_LOOP } from '../../../src/core/loop/state.ts'

const NOW = 1_800_000_000
const DAY = 86_400

const OPTIONS: LoopOptions = {
  delay: 0,
  max_failures: 1,
  until_output: 'DONE',
  for: null,
  until_time: null,
  max_unchanged: null,
  backoff: null,
}

const CHANGED: Changed = { ...NOTHING_CHANGED, files: 1 }

const outcome = (changes: Partial<Outcome> = {}): Outcome => ({
  result: 'ok',
  exitCode: 0,
  durationSeconds: 60,
  changed: CHANGED,
  text: 'text',
  ...changes,
})

const FAILED = outcome({ result: 'failed', exitCode: 3 })
const LATER = outcome({ result: 'failed', exitCode: 75 })
const INTERRUPTED = outcome({ result: 'interrupted', exitCode: 143 })
const IDLE = outcome({ changed: NOTHING_CHANGED })
const STOPPED: RunEnd = { reason: 'interrupted', exitCode: 130, detail: null }

type Given = Partial<Omit<Facts, 'failures'>> & { readonly failuresBefore?: number }

const facts = ({ failuresBefore = 0, ...changes }: Given = {}): Facts => ({
  outcome: outcome(),
  outputSeen: false,
  until: { kind: 'not-asked' },
  stopped: null,
  isLast: false,
  failures: failuresAfter((changes.outcome ?? outcome()).result, failuresBefore),
  now: NOW,
  retry: null,
  random: 0.5,
  ...changes,
})

const endOf = ({ step }: Decision): string =>
  step.kind === 'end' ? `${step.end.reason} ${step.end.exitCode}` : 'goes on'

describe('which rule ends a run', () => {
  // Every line adds what ranks higher to what the line before had: the new one wins.
  const overTime = { ...OPTIONS, for: 60, max_failures: null }
  const state: LoopState = { ...NEW_LOOP, deadline_epoch: NOW - 1, unchanged: 4 }
  const nowhere = { ...OPTIONS, max_unchanged: 5 }
  const all = { outcome: { ...FAILED, changed: NOTHING_CHANGED }, isLast: true, stopped: STOPPED }
  it.each<[string, Given, LoopOptions, string]>([
    ['none', {}, OPTIONS, 'goes on'],
    ['the time is over', { outcome: FAILED }, overTime, 'completed 3'],
    ['the last iteration', { outcome: FAILED, isLast: true }, overTime, 'completed 3'],
    ['too many failures', { outcome: FAILED, isLast: true }, OPTIONS, 'failed 3'],
    ['nowhere', { ...all, stopped: null }, nowhere, 'failed 81'],
    ['a stop', all, nowhere, 'interrupted 130'],
    ['--until', { ...all, until: { kind: 'yes' } }, nowhere, 'completed 0'],
    ['--until-output', { ...all, outputSeen: true, until: { kind: 'no' } }, nowhere, 'completed 0'],
    [
      '--until-output over an --until that cannot be run',
      { ...all, outputSeen: true, until: { kind: 'unusable', exitCode: 127, why: '' } },
      nowhere,
      'completed 0',
    ],
    [
      'an --until that cannot be run',
      { until: { kind: 'unusable', exitCode: 127, why: '' } },
      OPTIONS,
      'failed 127',
    ],
    ['a "no" of --until', { until: { kind: 'no' } }, OPTIONS, 'goes on'],
    ['the last iteration, which ended well', { isLast: true }, OPTIONS, 'completed 0'],
    ['a stop after a good last iteration', { isLast: true, stopped: STOPPED }, OPTIONS, 'interrupted 130'],
  ])('%s', (_, changes, options, expected) => {
    const before = options === OPTIONS ? NEW_LOOP : state
    expect(endOf(decide(facts(changes), options, before))).toBe(expected)
  })

  it('says it in words', () => {
    const words = (changes: Given, options: LoopOptions): string | null => {
      const { step } = decide(facts(changes), options, state)
      return step.kind === 'end' ? step.end.detail : 'goes on'
    }
    expect(words({ outputSeen: true }, OPTIONS)).toBe('--until-output "DONE" was printed')
    expect(words({ until: { kind: 'yes' } }, OPTIONS)).toBe('--until exited with 0')
    expect(words({ outcome: IDLE }, nowhere)).toBe(
      '5 iterations in a row changed nothing (--max-unchanged 5)',
    )
    expect(words({ outcome: FAILED, failuresBefore: 2 }, { ...OPTIONS, max_failures: 3 })).toBe(
      '3 failures in a row (--max-failures 3)',
    )
    expect(words({}, { ...OPTIONS, for: 28_800 })).toBe('--for 8h is over')
    expect(words({}, { ...OPTIONS, until_time: '07:30' })).toBe('--until-time 07:30 is over')
  })
})

describe('a failure at once', () => {
  const AT_ONCE = { ...FAILED, durationSeconds: 0.02 }
  const patient = { ...OPTIONS, max_failures: null }
  const waitOf = (changes: Given, options: LoopOptions) => decide(facts(changes), options, NEW_LOOP)

  it('is followed by a pause that nobody has asked for, and that says why', () => {
    const { step, state } = waitOf({ outcome: AT_ONCE, failuresBefore: 3 }, patient)
    expect(step).toEqual({
      kind: 'go-on',
      waitSeconds: 0.8,
      why: '4 failures in a row, the last at once',
    })
    expect(state).toMatchObject({
      next_epoch: NOW + 0.8,
      next_reason: '4 failures in a row, the last at once',
    })
  })

  it.each<[string, Given, Partial<LoopOptions>, number]>([
    ['it has lasted', { outcome: FAILED }, {}, 0],
    ['a delay is asked for', { outcome: AT_ONCE, failuresBefore: 9 }, { delay: 0.01 }, 0.01],
    ['a backoff is asked for', { outcome: AT_ONCE }, { backoff: { from: 3, to: 60 } }, 3],
    ['it has worked', { outcome: outcome({ durationSeconds: 0.02 }) }, {}, 0],
    ['somebody has ended it', { outcome: { ...INTERRUPTED, durationSeconds: 0.02 } }, {}, 0],
  ])('is followed by what was asked for when %s', (_, changes, options, waitSeconds) => {
    expect(waitOf(changes, { ...patient, ...options }).step).toMatchObject({ waitSeconds })
  })
})

/** Runs iterations one after the other, a minute apart, until one ends the run. */
const play = (
  outcomes: readonly Outcome[],
  options: LoopOptions,
  start: LoopState = NEW_LOOP,
): { readonly decisions: readonly Decision[]; readonly ended: string } => {
  const decisions: Decision[] = []
  let state = start
  let failures = 0
  for (const [index, one] of outcomes.entries()) {
    const decision = decide(
      facts({ outcome: one, failuresBefore: failures, now: NOW + index * 60 }),
      options,
      state,
    )
    decisions.push(decision)
    state = decision.state
    failures = failuresAfter(one.result, failures)
    if (decision.step.kind === 'end') return { decisions, ended: `${index + 1}: ${endOf(decision)}` }
  }
  return { decisions, ended: 'goes on' }
}

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)

describe('iterations that change nothing', () => {
  const three = { ...OPTIONS, max_unchanged: 3, max_failures: null }
  it.each<[string, readonly Outcome[], string]>([
    ['three in a row', times(3, IDLE), '3: failed 81'],
    ['one that changed something begins anew', [IDLE, IDLE, outcome(), IDLE, IDLE], 'goes on'],
    ['a note is a change', times(9, outcome({ changed: { ...NOTHING_CHANGED, notes: 1 } })), 'goes on'],
    ['a commit is one', times(9, outcome({ changed: { ...NOTHING_CHANGED, commits: 1 } })), 'goes on'],
    [
      'another branch is one',
      times(9, outcome({ changed: { ...NOTHING_CHANGED, head_moved: true } })),
      'goes on',
    ],
    ['new output is one', times(9, outcome({ changed: { ...NOTHING_CHANGED, output: 1 } })), 'goes on'],
    ['what cannot be seen is none, and does not count', times(9, outcome({ changed: null })), 'goes on'],
    ['not seen in between', [IDLE, IDLE, outcome({ changed: null }), IDLE], '4: failed 81'],
    ['failed ones count too', times(3, { ...FAILED, changed: NOTHING_CHANGED }), '3: failed 81'],
    ['interrupted ones do not', times(9, { ...INTERRUPTED, changed: NOTHING_CHANGED }), 'goes on'],
    ['nor those that wait for somebody', times(9, { ...LATER, changed: NOTHING_CHANGED }), 'goes on'],
    [
      'but they do not begin anew',
      [IDLE, IDLE, { ...LATER, changed: NOTHING_CHANGED }, IDLE],
      '4: failed 81',
    ],
  ])('%s', (_, outcomes, expected) => {
    expect(play(outcomes, three).ended).toBe(expected)
  })

  it('are not counted without the option', () => {
    expect(play(times(50, IDLE), OPTIONS).ended).toBe('goes on')
  })
})

describe('quick iterations that say the same', () => {
  const three = { ...OPTIONS, max_unchanged: 3, max_failures: null }
  const usual = times(2, outcome({ text: 'work', durationSeconds: 600 }))
  const limited = outcome({ text: 'limit', durationSeconds: 2 })
  it.each<[string, readonly Outcome[], string]>([
    ['three in a row, whatever git says', [...usual, ...times(3, limited)], '5: failed 81'],
    ['from the start: nothing to compare with', times(9, limited), 'goes on'],
    ['as long as usual', [...usual, ...times(9, { ...limited, durationSeconds: 61 })], 'goes on'],
    [
      'each with another text',
      [...usual, ...['a', 'b', 'c', 'd'].map((text) => ({ ...limited, text }))],
      'goes on',
    ],
    ['each without a text', [...usual, ...times(9, { ...limited, text: null })], 'goes on'],
    [
      'another exit code in between',
      [...usual, limited, { ...limited, result: 'failed', exitCode: 1 }, limited, limited],
      'goes on',
    ],
    ['a usual one in between', [...usual, limited, limited, ...usual, limited, limited], 'goes on'],
    [
      'many of them are not the usual',
      [...usual, ...times(2, limited), ...usual, ...times(3, limited)],
      '9: failed 81',
    ],
    [
      'while they wait for somebody',
      [...usual, ...times(9, { ...limited, result: 'failed' as const, exitCode: 75 })],
      'goes on',
    ],
  ])('%s', (_, outcomes, expected) => {
    expect(play(outcomes, three).ended).toBe(expected)
  })

  it('say what is usual', () => {
    const { decisions } = play([...usual, ...times(3, limited)], three)
    const { step } = decisions.at(-1) as Decision
    expect(step).toMatchObject({ end: { detail: expect.stringContaining('a tenth of the usual 10m') } })
  })
})

describe('exit code 75', () => {
  it.each<[string, readonly Outcome[], number, string]>([
    ['does not count for --max-failures', times(20, LATER), 1, 'goes on'],
    ['leaves other failures counted', [LATER, FAILED], 1, '2: failed 3'],
    ['does not begin their count anew', [FAILED, LATER, LATER, FAILED], 2, '4: failed 3'],
    ['a good iteration does', [FAILED, LATER, outcome(), FAILED], 2, 'goes on'],
    ['an interrupted one neither', [FAILED, INTERRUPTED, FAILED], 2, '3: failed 3'],
  ])('%s', (_, outcomes, most, expected) => {
    expect(play(outcomes, { ...OPTIONS, max_failures: most }).ended).toBe(expected)
  })

  it('counts after 24 hours', () => {
    const since: LoopState = { ...NEW_LOOP, excused: 5, excused_since_epoch: NOW - DAY }
    const later = decide(facts({ outcome: LATER, failuresBefore: 5 }), OPTIONS, since)
    expect(endOf(later)).toBe('failed 75')
    const earlier = decide(facts({ outcome: LATER, failuresBefore: 5, now: NOW - 1 }), OPTIONS, since)
    expect(endOf(earlier)).toBe('goes on')
  })

  it('ends the run when it was the last iteration', () => {
    expect(endOf(decide(facts({ outcome: LATER, isLast: true }), OPTIONS, NEW_LOOP))).toBe('completed 75')
  })
})

describe('the pause', () => {
  const backoff = { from: 10, to: 60 }
  const waits = ({ step }: Decision): number => (step.kind === 'go-on' ? step.waitSeconds : Number.NaN)
  const decided = (changes: Given, options: Partial<LoopOptions> = {}): Decision =>
    decide(facts(changes), { ...OPTIONS, max_failures: null, delay: 5, ...options }, NEW_LOOP)

  it.each<[string, Given, Partial<LoopOptions>, number]>([
    ['after a good iteration', {}, { backoff }, 5],
    ['after a failure without back-off', { outcome: FAILED }, {}, 5],
    ['after the first failure', { outcome: FAILED }, { backoff }, 10],
    ['after the second', { outcome: FAILED, failuresBefore: 1 }, { backoff }, 20],
    ['after the third', { outcome: FAILED, failuresBefore: 2 }, { backoff }, 40],
    ['after many', { outcome: FAILED, failuresBefore: 9999 }, { backoff }, 60],
    ['with little luck', { outcome: FAILED, failuresBefore: 1, random: 0 }, { backoff }, 16],
    ['with much', { outcome: FAILED, failuresBefore: 1, random: 1 }, { backoff }, 24],
    ['never less than D', { outcome: FAILED, random: 0 }, { backoff }, 10],
    ['never more than MAX', { outcome: FAILED, failuresBefore: 9, random: 1 }, { backoff }, 60],
    ['after an interrupted one', { outcome: INTERRUPTED, failuresBefore: 3 }, { backoff }, 5],
    ['after 75 with back-off', { outcome: LATER, failuresBefore: 1 }, { backoff }, 20],
    ['after 75 without', { outcome: LATER, failuresBefore: 3 }, {}, 40],
    ['after 75 with a longer delay', { outcome: LATER }, { delay: 300 }, 300],
    ['until the moment that the worker named', { retry: { at: NOW + 900, note: '' } }, { backoff }, 900],
    [
      'also after a failure',
      { outcome: FAILED, failuresBefore: 9, retry: { at: NOW + 30, note: '' } },
      { backoff },
      30,
    ],
    ['but not less than --delay', { retry: { at: NOW + 1, note: '' } }, {}, 5],
    ['a moment that is past', { outcome: FAILED, retry: { at: NOW - 1, note: '' } }, { backoff }, 10],
  ])('%s', (_, changes, options, expected) => {
    expect(waits(decided(changes, options))).toBeCloseTo(expected)
  })

  it('is kept for status to tell', () => {
    expect(decided({ retry: { at: NOW + 900, note: '' } }).state).toMatchObject({
      next_epoch: NOW + 900,
      next_reason: 'the worker asked for it',
    })
    expect(decided({ retry: { at: NOW + 9, note: 'rate limited' } }).state.next_reason).toBe(
      'the worker says: rate limited',
    )
    expect(decided({ outcome: FAILED, failuresBefore: 2 }, { backoff }).state.next_reason).toBe(
      '3 failures in a row',
    )
    expect(decided({}, { delay: 0 }).state).toMatchObject({ next_epoch: null, next_reason: null })
  })

  it('does not begin when no iteration would follow', () => {
    const state = { ...NEW_LOOP, deadline_epoch: NOW + 100 }
    const decision = (delay: number) => decide(facts(), { ...OPTIONS, delay, for: 60 }, state)
    expect(endOf(decision(99))).toBe('goes on')
    expect(endOf(decision(100))).toBe('completed 0')
    expect(isOverAt(state, NOW + 99)).toBe(false)
    expect(isOverAt(state, NOW + 100)).toBe(true)
    expect(isOverAt(NEW_LOOP, NOW)).toBe(false)
  })
})
