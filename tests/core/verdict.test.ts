import { describe, expect, it } from 'vitest'
import { classify } from '../../src/core/classify.ts'
import type { ProcessFacts } from '../../src/core/ports.ts'
import { type LockRecord, PHASES } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { STATES, STATUS_EXIT_CODES, type StoredRecord } from '../../src/core/verdict.ts'
import {
  anEndedRecord,
  HERE,
  NOW,
  OWNER,
  owner,
  refresher,
  stored,
  viewOf,
  worker,
} from '../fakes/records.ts'

const ALL = [owner(), refresher(), worker()]
const STALE: Partial<RecordFields> = { heartbeat_monotonic: NOW.monotonic - 121 }
const beatAgo = (seconds: number): Partial<RecordFields> => ({ heartbeat_monotonic: NOW.monotonic - seconds })

const verdict = (
  changes: Partial<RecordFields>,
  processes: Parameters<typeof viewOf>[0] = ALL,
  observer = HERE,
  now = NOW,
) => classify(stored(changes), viewOf(processes), observer, now)

describe('the exit code of a state', () => {
  it.each([
    ['active', 0],
    ['dead', 1],
    ['hung', 2],
    ['free', 3],
    ['unknown', 4],
  ] as const)('of %s is %d', (state, code) => {
    expect(STATUS_EXIT_CODES[state]).toBe(code)
    expect(STATES).toContain(state)
  })
})

describe('without a record that can be used', () => {
  it.each<[string, StoredRecord, string, string]>([
    ['none', { kind: 'none' }, 'free', 'it has never run'],
    ['an unreadable one', { kind: 'unreadable', reason: 'it is a pipe' }, 'unknown', 'it is a pipe'],
    ['a corrupt one', { kind: 'corrupt', reason: 'it is empty' }, 'unknown', 'it is empty'],
    ['a newer one', { kind: 'newer', format: 2 }, 'unknown', 'format 2'],
  ])('a session is judged by what there is: %s', (_, found, state, reason) => {
    expect(classify(found, viewOf(ALL), HERE, NOW)).toEqual({
      state,
      reason: expect.stringContaining(reason),
      cause: null,
      heartbeatAge: null,
      ownerAlive: state === 'free' ? false : null,
    })
  })
})

describe('an open run', () => {
  it('is active while its owner lives and beats', () => {
    expect(verdict({})).toEqual({
      state: 'active',
      reason: 'iteration 2 of 5 for 3m 20s; heartbeat 5s ago, limit 2m',
      cause: null,
      heartbeatAge: 5,
      ownerAlive: true,
    })
  })

  it.each([
    [119.9, 'active'],
    [120, 'active'],
    [120.001, 'hung'],
    [100_000, 'hung'],
  ])('with a beat %d s ago is %s', (age, state) => {
    expect(verdict(beatAgo(age)).state).toBe(state)
  })

  it('is measured by the promise of its last write, not by its options', () => {
    expect(verdict({ ...beatAgo(1500), stale_after: 1920 }).state).toBe('active')
    expect(verdict({ ...beatAgo(30), stale_after: 20 }).state).toBe('hung')
  })

  it.each<[string, Parameters<typeof viewOf>[0]]>([
    ['no process has its pid', []],
    ['its pid belongs to another process', [owner({ started: 901 })]],
    ['it is a zombie', [owner({ state: 'exited' })]],
  ])('is dead when %s, however fresh the beat', (_, processes) => {
    expect(verdict(beatAgo(0), processes)).toMatchObject({ state: 'dead', cause: null, ownerAlive: false })
  })

  it('is dead after the machine was started anew, with an age by the wall clock', () => {
    expect(verdict({ boot_id: 'boot-b', heartbeat_epoch: NOW.epoch - 77 })).toMatchObject({
      state: 'dead',
      heartbeatAge: 77,
      ownerAlive: false,
    })
  })

  it.each<[string, Partial<RecordFields>]>([
    ['on another host', { boot_id: 'boot-b', host: 'there' }],
    ['in another PID namespace', { pid_namespace: 'pid:[2]' }],
    ['with a start by another clock', { pid_started_clock: 'epoch-seconds' }],
  ])('is unknown %s, whatever the age of the beat and whoever has the pid', (_, changes) => {
    for (const age of [0, 1e6]) {
      const old = { ...changes, ...beatAgo(age), heartbeat_epoch: NOW.epoch - age }
      expect(verdict(old)).toMatchObject({ state: 'unknown', cause: null, ownerAlive: null })
    }
  })

  it.each<[string, Partial<RecordFields>]>([
    ['on another host', { boot_id: 'boot-b', host: 'there' }],
    ['in another PID namespace', { pid_namespace: 'pid:[2]' }],
  ])('is never dead %s when nobody has the pid', (_, changes) => {
    expect(verdict({ ...changes, ...STALE }, []).state).toBe('unknown')
  })

  it('is alive when its owner may not be looked at', () => {
    const hidden = [{ pid: OWNER, hidden: true as const }]
    expect(verdict({}, hidden)).toMatchObject({ state: 'active', ownerAlive: true })
    expect(verdict(STALE, hidden)).toMatchObject({ state: 'hung', ownerAlive: true })
  })

  it.each(PHASES.filter((phase) => phase !== 'ended'))('is active in phase %s', (phase) => {
    expect(verdict({ phase }).state).toBe('active')
  })

  it('says what it does when it runs without an end', () => {
    expect(verdict({ iterations: null }).reason).toContain('iteration 2 for')
    expect(verdict({ phase: 'waiting' }).reason).toContain('pausing after iteration 2 of 5')
    expect(verdict({ phase: 'stopping' }).reason).toContain('stopping in iteration 2 of 5')
    expect(verdict({ phase: 'starting' }).reason).toContain('starting')
  })
})

describe('clocks', () => {
  it.each([-86_400 * 400, -3600, 3600, 86_400 * 400])(
    'change nothing when the wall clock jumps by %d s on the same boot',
    (jump) => {
      const now = { epoch: NOW.epoch + jump, monotonic: NOW.monotonic }
      expect(verdict({}, ALL, HERE, now)).toMatchObject({ state: 'active', heartbeatAge: 5 })
      expect(verdict(STALE, ALL, HERE, now)).toMatchObject({ state: 'hung', heartbeatAge: 121 })
    },
  )

  it('make a beat from the future of the monotonic clock unknown', () => {
    expect(verdict(beatAgo(-10))).toMatchObject({ state: 'unknown', ownerAlive: true, heartbeatAge: 0 })
  })

  it('allow for two readings that differ by less than a second', () => {
    expect(verdict(beatAgo(-0.9))).toMatchObject({ state: 'active', heartbeatAge: 0 })
  })

  it('never show a negative age', () => {
    const future = anEndedRecord({ epoch: NOW.epoch + 500 }, { heartbeat_monotonic: NOW.monotonic + 500 })
    const found = classify({ kind: 'record', record: future }, viewOf([]), HERE, NOW)
    expect(found.heartbeatAge).toBe(0)
    expect(found.reason).not.toContain('-')
  })
})

describe('the cause of a hang', () => {
  it.each<[string, ProcessFacts[], Partial<RecordFields>, string]>([
    ['a stopped owner', [owner({ state: 'stopped' }), refresher(), worker()], {}, 'owner-stopped'],
    [
      'a stopped owner, also when all else is stopped or gone',
      [owner({ state: 'stopped' }), worker({ state: 'stopped' })],
      {},
      'owner-stopped',
    ],
    ['a refresher that is gone', [owner(), worker()], {}, 'refresher-gone'],
    ['a refresher that was never written down', ALL, { refresher: null }, 'refresher-gone'],
    ['a refresher whose pid is reused', [owner(), refresher({ started: 5 }), worker()], {}, 'refresher-gone'],
    ['a stopped refresher', [owner(), refresher({ state: 'stopped' }), worker()], {}, 'refresher-gone'],
    ['a stopped worker', [owner(), refresher(), worker({ state: 'stopped' })], {}, 'stopped'],
    ['nothing that can be seen', ALL, {}, 'silent'],
    ['a worker that is gone', [owner(), refresher()], {}, 'silent'],
    ['an owner that overslept its pause', [owner()], { phase: 'waiting', refresher: null }, 'silent'],
    ['an owner that overslept its start', [owner()], { phase: 'starting', refresher: null }, 'silent'],
    ['an owner that cannot stop', [owner()], { phase: 'stopping', refresher: null }, 'silent'],
  ])('is %s', (_, processes, changes, cause) => {
    const found = verdict({ ...STALE, ...changes }, processes)
    expect(found).toMatchObject({ state: 'hung', cause, ownerAlive: true, heartbeatAge: 121 })
    expect(found.reason).toContain('heartbeat 2m 1s ago, limit 2m')
  })

  it('is null in every other state', () => {
    expect(verdict({}, [owner({ state: 'stopped' })])).toMatchObject({ state: 'active', cause: null })
  })
})

describe('an ended run', () => {
  const ended = (record: LockRecord, processes = ALL) =>
    classify({ kind: 'record', record }, viewOf(processes), HERE, NOW)

  it.each(['completed', 'failed', 'interrupted', 'superseded'] as const)('is free: %s', (reason) => {
    expect(ended(anEndedRecord({ reason }))).toMatchObject({ state: 'free', cause: null, ownerAlive: false })
  })

  it('says how and when it ended', () => {
    expect(ended(anEndedRecord({ reason: 'failed', exit_code: 3 })).reason).toBe(
      'failed with exit code 3, 1m ago, in iteration 2 of 5',
    )
  })

  it.each<[string, ProcessFacts[]]>([
    ['nobody has the pid', []],
    ['somebody has the pid and start', ALL],
  ])('is dead until reaped when the owner died, also when %s', (_, processes) => {
    const died = { reason: 'owner-died', exit_code: null } as const
    expect(ended(anEndedRecord(died), processes)).toMatchObject({ state: 'dead', ownerAlive: false })
    expect(ended(anEndedRecord({ ...died, reaped_epoch: NOW.epoch }), processes)).toMatchObject({
      state: 'free',
      reason: expect.stringContaining('its remaining processes were ended'),
    })
  })

  it.each([
    ['another host', { host: 'there', boot_id: 'boot-b' }],
    ['another PID namespace', { pid_namespace: 'pid:[2]' }],
    ['another boot', { boot_id: 'boot-b' }],
  ])('is free wherever it was: %s', (_, changes) => {
    expect(ended(anEndedRecord({}, changes)).state).toBe('free')
  })

  it('is not brought to life by a living process with its pid', () => {
    expect(ended(anEndedRecord()).state).toBe('free')
  })
})
