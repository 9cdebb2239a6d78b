import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/history.ts'
import { NOTHING_CHANGED } from '../../src/core/loop/changed.ts'
import { byNeed, type SessionFacts, summarizePeriod, sumPeriods } from '../../src/core/period.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const PERIOD = { from: NOW.epoch - 3600, to: NOW.epoch }
const at = (seconds: number): number => NOW.epoch + seconds
const verdict = (state: SessionFacts['verdict']['state']): SessionFacts['verdict'] => ({
  state,
  reason: `it is ${state}`,
  cause: null,
  heartbeatAge: null,
  ownerAlive: null,
})
const facts = (entries: readonly HistoryEntry[], changes: Partial<SessionFacts> = {}): SessionFacts => ({
  session: 'demo',
  stored: { kind: 'none' },
  verdict: verdict('free'),
  attention: null,
  entries,
  ...changes,
})
const summary = (entries: readonly HistoryEntry[], changes: Partial<SessionFacts> = {}) => {
  const found = summarizePeriod(facts(entries, changes), PERIOD)
  if (found === null) throw new Error('it is left out')
  return found
}
const ended = (reason: 'completed' | 'failed' | 'interrupted' | 'owner-died'): SessionFacts['stored'] => ({
  kind: 'record',
  record: aRecord({ phase: 'ended', ended: { epoch: at(-50), reason, exit_code: 1 } }),
})

describe('a session in a period', () => {
  it('has the iterations that ended in it, by how they ended', () => {
    const { iterations } = summary([
      anIteration({ started_epoch: at(-9000), duration: 100 }),
      anIteration({ started_epoch: at(-4000), duration: 500 }),
      anIteration({ result: 'failed', exit_code: 3 }),
      anIteration({ result: 'killed', oom: true }),
      anIteration({ result: 'timeout' }),
      anIteration({ result: 'interrupted' }),
    ])
    expect(iterations).toEqual({
      done: 5,
      ok: 1,
      failed: 1,
      killed: 1,
      timeout: 1,
      interrupted: 1,
      out_of_memory: 1,
    })
  })

  it('has the sum of what they changed, and how many changed nothing, or are not known to', () => {
    const { changed } = summary([
      anIteration({ changed: { ...NOTHING_CHANGED, commits: 2, files: 3 } }),
      anIteration({ changed: { ...NOTHING_CHANGED, files: 1, head_moved: true } }),
      anIteration({ changed: NOTHING_CHANGED }),
      anIteration({ changed: null }),
    ])
    expect(changed).toEqual({
      commits: 2,
      files: 4,
      head_moved: true,
      notes: 0,
      output: 0,
      iterations: 2,
      unknown: 1,
    })
  })

  it('has its time divided: active, hung for a cause, waiting for the next iteration', () => {
    const { seconds, hung_causes } = summary([
      anEvent({ epoch: at(-1000) }),
      anIteration({ started_epoch: at(-1000), duration: 300 }),
      anEvent({ event: 'hung', epoch: at(-500), detail: 'silent', iteration: 2 }),
      anEvent({ event: 'active-again', epoch: at(-400), iteration: 2 }),
      anIteration({ iteration: 2, started_epoch: at(-600), duration: 400 }),
      anEvent({ event: 'ended', epoch: at(-100) }),
    ])
    // 300 and 400 in iterations, 100 of these hung; 100 between them and 100 at the end.
    expect(seconds).toEqual({ active: 600, waiting: 200, hung: 100 })
    expect(hung_causes).toEqual({ silent: 100 })
  })

  it('counts no time before the period', () => {
    const { seconds } = summary([
      anEvent({ epoch: at(-9000) }),
      anIteration({ started_epoch: at(-4000), duration: 1000 }),
      anEvent({ event: 'ended', epoch: at(-3000) }),
    ])
    expect(seconds).toEqual({ active: 600, waiting: 0, hung: 0 })
  })

  it('says who took over from whom, whose owner died, and where the incidents are', () => {
    const { owners, incidents } = summary([
      anEvent({ generation: 1, epoch: at(-3000) }),
      anIteration({
        generation: 1,
        started_epoch: at(-3000),
        duration: 500,
        result: 'killed',
        exit_code: null,
      }),
      anEvent({ event: 'resumed', generation: 2, epoch: at(-2000), detail: 'after run 1' }),
      anIteration({
        generation: 2,
        started_epoch: at(-2000),
        duration: 100,
        result: 'timeout',
        incident: '/t',
      }),
      anEvent({ event: 'forced', generation: 3, epoch: at(-1890), detail: '/f' }),
      anIteration({
        generation: 3,
        started_epoch: at(-1890),
        duration: 390,
        result: 'killed',
        exit_code: null,
      }),
      anEvent({ event: 'reaped', generation: 3, epoch: at(-100), detail: '/r' }),
    ])
    expect(
      owners.map(({ kind, generation, from, epoch }) => [kind, generation, from, epoch - NOW.epoch]),
    ).toEqual([
      ['owner-died', 1, null, -2500],
      ['resumed', 2, 1, -2000],
      // Run 2 was ended for it: that is no death of its own.
      ['forced', 3, 2, -1890],
      ['owner-died', 3, null, -1500],
      ['reaped', 3, null, -100],
    ])
    expect(incidents.map(({ path }) => path)).toEqual(['/t', '/f', '/r'])
  })

  it('knows an owner that ended by an error of its own', () => {
    const { owners } = summary([
      anEvent({ epoch: at(-90) }),
      anEvent({ event: 'ended', epoch: at(-50), detail: 'owner-died, exit code 74' }),
    ])
    expect(owners.map(({ kind }) => kind)).toEqual(['owner-died'])
  })

  it('is left out when it did nothing then, unless it needs somebody now', () => {
    const old = [anEvent({ epoch: at(-9000) }), anEvent({ event: 'ended', epoch: at(-8000) })]
    expect(summarizePeriod(facts(old), PERIOD)).toBeNull()
    expect(summarizePeriod(facts([]), PERIOD)).toBeNull()
    const dead: SessionFacts['stored'] = {
      kind: 'record',
      record: aRecord({
        started_epoch: at(-9000),
        ended: { epoch: at(-8000), reason: 'owner-died', exit_code: null },
      }),
    }
    expect(summary([], { stored: dead, verdict: verdict('dead') }).needs_person).toBe(true)
    expect(
      summary([], { stored: { kind: 'corrupt', reason: '?' }, verdict: verdict('unknown') }),
    ).toMatchObject({
      needs_person: false,
    })
  })

  it('says that its record is gone when only the history is left', () => {
    expect(summary([anIteration()]).reason).toBe('its record is gone')
  })

  it.each([
    ['failed', 'lock.sh logs demo -n 50'],
    ['completed', 'lock.sh history demo'],
    ['interrupted', 'engine.sh run demo'],
  ] as const)('that ended %s: next is %s', (reason, command) => {
    expect(summary([], { stored: ended(reason) }).next?.command).toBe(command)
  })

  it('that died: next is to continue it', () => {
    expect(summary([], { stored: ended('owner-died'), verdict: verdict('dead') }).next?.command).toBe(
      'engine.sh run demo',
    )
  })
})

describe('all sessions', () => {
  const attention = { kind: 'question', text: '?', since_epoch: 1 } as const
  const named = (
    session: string,
    state: SessionFacts['verdict']['state'],
    changes: Partial<SessionFacts> = {},
  ) => summary([anIteration()], { session, verdict: verdict(state), ...changes })
  const all = [
    named('good', 'free', { stored: ended('completed') }),
    named('works', 'active'),
    named('bad', 'free', { stored: ended('failed') }),
    named('far', 'unknown'),
    named('gone', 'dead'),
    named('stuck-b', 'hung'),
    named('stuck-a', 'hung'),
    named('asks', 'active', { attention }),
  ]

  it('come by how much they need somebody, then by name', () => {
    expect(byNeed(all).map(({ session }) => session)).toEqual([
      'asks',
      'stuck-a',
      'stuck-b',
      'gone',
      'far',
      'bad',
      'works',
      'good',
    ])
  })

  it('have sums', () => {
    const sums = sumPeriods([
      ...all,
      summary([
        anEvent({ event: 'hung', epoch: at(-500), detail: 'silent' }),
        anEvent({ event: 'active-again', epoch: at(-400) }),
        anEvent({ event: 'forced', generation: 3, epoch: at(-390), detail: '/f' }),
      ]),
    ])
    expect(sums).toMatchObject({
      sessions: 9,
      needing_person: 4,
      iterations: { done: 8, ok: 8, failed: 0 },
      seconds: { hung: 100 },
      hung_causes: { silent: 100 },
      taken_over: 1,
      incidents: 1,
    })
    expect(sumPeriods([]).iterations.done).toBe(0)
  })
})
