import { describe, expect, it } from 'vitest'
import { isBeating, serviceStatus } from '../../src/core/service-status.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const aged = (seconds: number) => ({ heartbeat_monotonic: NOW.monotonic - seconds, heartbeat_interval: 15 })

describe('whether a run is said to beat', () => {
  it.each([
    ['running', 29, 120, true],
    // Two beats are missing: long before the session reads hung.
    ['running', 31, 120, false],
    ['waiting', 31, 120, true],
    ['waiting', 1799, 1800, true],
    ['waiting', 1801, 1800, false],
    ['starting', 100, 120, true],
    ['stopping', 121, 120, false],
    ['ended', 1, 120, false],
  ] as const)('%s, with a heartbeat %d s ago and a promise of %d s: %s', (phase, age, stale_after, beats) => {
    expect(isBeating(aRecord({ phase, stale_after, ...aged(age) }), NOW)).toBe(beats)
  })
})

describe('the status of a service', () => {
  it.each([
    [{ phase: 'starting', iteration: 0 }, 'demo: starting'],
    [{ phase: 'running' }, 'demo: iteration 2 of 5'],
    [{ phase: 'waiting' }, 'demo: pausing after iteration 2 of 5'],
    [{ phase: 'waiting', iteration: 0 }, 'demo: starting'],
    [{ phase: 'stopping', iterations: null }, 'demo: stopping in iteration 2'],
    [{ phase: 'ended' }, 'demo: ended in iteration 2 of 5'],
  ] as const)('of %j is %s', (changes, status) => {
    expect(serviceStatus(aRecord(changes))).toBe(status)
  })

  it('names what keeps it from beating, and is the same a minute later', () => {
    const watch = {
      activity: 4000,
      progress: 4000,
      sources: { note: null, output: null, repeat: null, io: null, cpu: null },
      stall: { cause: 'silent', since: 4000 },
      beats: 3,
      longest_quiet: 1,
    } as const
    const record = aRecord({ watch })
    expect(serviceStatus(record)).toBe('demo: iteration 2 of 5; the worker shows no activity')
    const longer = aRecord({ watch: { ...watch, stall: { ...watch.stall, since: watch.stall.since - 60 } } })
    expect(serviceStatus(longer)).toBe(serviceStatus(record))
  })
})
