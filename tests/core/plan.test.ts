import { describe, expect, it } from 'vitest'
import { checkOptions, isContinuable, nextIteration, planRun, type RunRequest } from '../../src/core/plan.ts'
import type { IterationResult, LastIteration, LockRecord } from '../../src/core/record.ts'
import { DEFAULT_OPTIONS } from '../../src/core/run-options.ts'
import { failureOf } from '../fakes/failure.ts'
import { anEndedRecord, aRecord, OPTIONS } from '../fakes/records.ts'

const ask = (changes: Partial<RunRequest> = {}): RunRequest => ({
  name: 'demo',
  command: null,
  cwd: '/here',
  iterations: undefined,
  options: {},
  force: false,
  resume: false,
  fresh: false,
  ...changes,
})

const last = (iteration: number, result: IterationResult = 'ok'): LastIteration => ({
  generation: 7,
  iteration,
  result,
  exit_code: 0,
  signal: null,
  ended_epoch: 1,
})

/** Died in iteration 2 of 5. */
const UNFINISHED = aRecord()
const FINISHED = anEndedRecord({}, { iteration: 5, last_iteration: last(5) })
const SAME = UNFINISHED.command
const OTHER = ['./other.sh']

describe('the next iteration', () => {
  it.each<[string, LockRecord, number | null]>([
    ['before the first one', aRecord({ iteration: 0, last_iteration: null }), 1],
    ['cut off in the middle', aRecord(), 3],
    ['ended in the middle', aRecord({ last_iteration: last(2) }), 3],
    ['without a limit', aRecord({ iterations: null, iteration: 900 }), 901],
    ['cut off in the last: it is done again', aRecord({ iteration: 5, last_iteration: last(4) }), 5],
    [
      'interrupted in the last: it is done again',
      anEndedRecord({ reason: 'interrupted' }, { iteration: 5, last_iteration: last(5, 'interrupted') }),
      5,
    ],
    ['the last has ended, its end is not written', aRecord({ iteration: 5, last_iteration: last(5) }), null],
    ['completed', FINISHED, null],
    [
      'failed in the middle',
      anEndedRecord({ reason: 'failed', exit_code: 1 }, { last_iteration: last(2, 'failed') }),
      3,
    ],
    [
      'failed in the last',
      anEndedRecord({ reason: 'failed' }, { iteration: 5, last_iteration: last(5, 'failed') }),
      null,
    ],
    ['superseded in the middle', anEndedRecord({ reason: 'superseded' }), 3],
    ['lost its owner in the middle', anEndedRecord({ reason: 'owner-died' }), 3],
  ])('%s', (_, record, next) => {
    expect(nextIteration(record)).toBe(next)
  })
})

describe('a run without a command', () => {
  it('goes on with the next iteration of an unfinished one', () => {
    expect(planRun(ask(), UNFINISHED)).toEqual({
      command: UNFINISHED.command,
      cwd: UNFINISHED.cwd,
      first: 3,
      iterations: 5,
      options: OPTIONS,
      continues: UNFINISHED,
      abandons: null,
    })
  })

  it('goes on just the same with --resume', () => {
    expect(planRun(ask({ resume: true }), UNFINISHED)).toEqual(planRun(ask(), UNFINISHED))
  })

  it('goes on just the same with --force', () => {
    expect(planRun(ask({ force: true }), UNFINISHED)).toEqual(planRun(ask(), UNFINISHED))
  })

  it.each<[string, LockRecord | null]>([
    ['finished', FINISHED],
    ['not there', null],
  ])('is refused when the last one is %s', (_, record) => {
    const failure = failureOf(() => planRun(ask(), record))
    expect(failure.exitCode).toBe(64)
    expect(failure.hint).toContain('engine.sh run demo')
  })

  it.each<[string, LockRecord]>([
    ['unfinished', UNFINISHED],
    ['finished', FINISHED],
  ])('starts the command of the last one over with --fresh: %s', (_, record) => {
    expect(planRun(ask({ fresh: true }), record)).toMatchObject({
      command: record.command,
      cwd: record.cwd,
      first: 1,
      iterations: 5,
      continues: null,
      abandons: record === UNFINISHED ? UNFINISHED : null,
    })
  })

  it('is refused with --fresh when nothing has ever run', () => {
    expect(failureOf(() => planRun(ask({ fresh: true }), null)).exitCode).toBe(64)
  })

  it('keeps a new number of iterations, never below the one it goes on with', () => {
    expect(planRun(ask({ iterations: 9 }), UNFINISHED)).toMatchObject({ first: 3, iterations: 9 })
    expect(planRun(ask({ iterations: 1 }), UNFINISHED)).toMatchObject({ first: 3, iterations: 3 })
    expect(planRun(ask({ iterations: null }), UNFINISHED)).toMatchObject({ first: 3, iterations: null })
    expect(planRun(ask({ iterations: 2, fresh: true }), UNFINISHED)).toMatchObject({
      first: 1,
      iterations: 2,
    })
  })

  it.each<[string, LockRecord]>([
    ['open', aRecord({ iteration: 5, last_iteration: last(5) })],
    [
      'lost its owner',
      anEndedRecord({ reason: 'owner-died' }, { iteration: 5, last_iteration: last(5, 'failed') }),
    ],
  ])('has nothing left to do when only the end is missing: %s', (_, record) => {
    expect(planRun(ask(), record)).toMatchObject({ first: 6, iterations: 5, continues: record })
  })
})

describe('a run with a command', () => {
  it('is new when nothing has run', () => {
    expect(planRun(ask({ command: OTHER }), null)).toEqual({
      command: OTHER,
      cwd: '/here',
      first: 1,
      iterations: 1,
      options: DEFAULT_OPTIONS,
      continues: null,
      abandons: null,
    })
  })

  it.each([
    ['the same command', SAME],
    ['another command', OTHER],
  ])('is new beside an unfinished one, and says which it abandons: %s', (_, command) => {
    expect(planRun(ask({ command, iterations: 4 }), UNFINISHED)).toMatchObject({
      command,
      cwd: '/here',
      first: 1,
      iterations: 4,
      continues: null,
      abandons: UNFINISHED,
    })
  })

  it('takes no options from a run that it does not go on with', () => {
    const slow = aRecord({ options: { ...OPTIONS, delay: 1800, grace: 99 } })
    expect(planRun(ask({ command: SAME }), slow).options).toEqual(DEFAULT_OPTIONS)
  })

  it('goes on with --resume when it is the same command', () => {
    expect(planRun(ask({ command: SAME, resume: true }), UNFINISHED)).toMatchObject({
      first: 3,
      iterations: 5,
      continues: UNFINISHED,
      abandons: null,
    })
  })

  it.each([
    ['another program', OTHER],
    ['one word more', [...SAME, 'x']],
    ['one word less', SAME.slice(0, 1)],
    ['the words split in another way', [SAME.join(' ')]],
  ])('is refused with --resume when the command is another: %s', (_, command) => {
    const failure = failureOf(() => planRun(ask({ command, resume: true }), UNFINISHED))
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toContain('./agent.sh --fast')
  })

  it.each<[string, LockRecord | null]>([
    ['finished', FINISHED],
    ['not there', null],
  ])('is new with --resume when the last one is %s', (_, record) => {
    expect(planRun(ask({ command: OTHER, resume: true }), record)).toMatchObject({
      first: 1,
      iterations: 1,
      continues: null,
      abandons: null,
    })
  })

  it('keeps the count with --force, in its own directory', () => {
    expect(planRun(ask({ command: OTHER, force: true }), UNFINISHED)).toMatchObject({
      command: OTHER,
      cwd: '/here',
      first: 3,
      iterations: 5,
      continues: UNFINISHED,
      abandons: null,
    })
  })

  it('is new with --force when the last one is finished', () => {
    expect(planRun(ask({ command: OTHER, force: true }), FINISHED)).toMatchObject({ first: 1, iterations: 1 })
  })

  it('starts at 1 with --force --fresh', () => {
    expect(planRun(ask({ command: OTHER, force: true, fresh: true }), UNFINISHED)).toMatchObject({
      first: 1,
      abandons: UNFINISHED,
    })
  })

  it('cannot be resumed and fresh at once', () => {
    expect(failureOf(() => planRun(ask({ command: SAME, resume: true, fresh: true }), null)).exitCode).toBe(
      64,
    )
  })
})

describe('the intervals', () => {
  it('stay as they are when they fit', () => {
    expect(checkOptions({ ...OPTIONS, stale_after: 45, heartbeat_interval: 15 }).heartbeat_interval).toBe(15)
  })

  it('may be just a third, in fractions too', () => {
    for (const interval of [0.1, 0.2, 0.3, 0.7, 1.1]) {
      const stale = Number((3 * interval).toFixed(1))
      expect(checkOptions({ ...OPTIONS, stale_after: stale, heartbeat_interval: interval })).toBeTruthy()
    }
  })

  it('are refused when the heartbeat takes more than a third of stale_after', () => {
    const failure = failureOf(() =>
      planRun(ask({ command: OTHER, options: { stale_after: 30, heartbeat_interval: 11 } }), null),
    )
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toContain('--heartbeat-interval 11s is more than a third of --stale-after 30s')
  })

  it('adapt to a shorter stale_after when no heartbeat interval was asked for', () => {
    const { options } = planRun(ask({ command: OTHER, options: { stale_after: 3 } }), null)
    expect(options).toMatchObject({ stale_after: 3, heartbeat_interval: 1 })
  })

  it('do not grow with a longer stale_after', () => {
    const { options } = planRun(ask({ command: OTHER, options: { stale_after: 3600 } }), null)
    expect(options.heartbeat_interval).toBe(15)
  })

  it('of an unfinished run stay, and what is said now goes above them', () => {
    const slow = aRecord({ options: { ...OPTIONS, delay: 1800, grace: 99 } })
    const { options } = planRun(ask({ options: { grace: 1, timeout: null } }), slow)
    expect(options).toEqual({ ...OPTIONS, delay: 1800, grace: 1, timeout: null })
  })
})

describe('what engine.yaml and the environment say', () => {
  const configured = {
    command: ['make', 'docs'],
    cwd: '/project/docs',
    iterations: null,
    options: { delay: 60, grace: 3 },
  }
  const asked: RunRequest = {
    name: 'demo',
    command: null,
    cwd: '/here',
    iterations: undefined,
    options: {},
    configured,
    force: false,
    resume: false,
    fresh: false,
  }

  it('starts a session that has never run', () => {
    expect(planRun(asked, null)).toMatchObject({
      command: ['make', 'docs'],
      cwd: '/project/docs',
      first: 1,
      iterations: null,
      options: { delay: 60, grace: 3 },
    })
  })

  it('gives way to the command line', () => {
    const plan = planRun({ ...asked, command: ['make'], iterations: 2, options: { grace: 9 } }, null)
    expect(plan).toMatchObject({
      command: ['make'],
      cwd: '/here',
      iterations: 2,
      options: { delay: 60, grace: 9 },
    })
  })

  it('does not change an unfinished run, unless it is started afresh', () => {
    const unfinished = aRecord({ iteration: 2, iterations: 5, command: ['old'], cwd: '/old' })
    expect(planRun(asked, unfinished)).toMatchObject({ command: ['old'], first: 3, iterations: 5 })
    expect(planRun({ ...asked, fresh: true }, unfinished)).toMatchObject({
      command: ['make', 'docs'],
      first: 1,
    })
  })
})

describe('a run that a shell held', () => {
  const ofShell = aRecord({ shell: { script: 'loop.sh', supervisor: null, sentinel: null } })

  it('is not continued by the engine: only its script knows what comes next', () => {
    expect(nextIteration(ofShell)).toBeNull()
    expect(isContinuable(ofShell)).toBe(false)
    expect(failureOf(() => planRun(ask(), ofShell))).toMatchObject({ code: 'usage' })
  })
})
