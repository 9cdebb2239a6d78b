import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/process/clock.ts'

describe('the clock', () => {
  it('does not sleep when the signal is aborted already', async () => {
    await systemClock.sleep(1e9, AbortSignal.abort())
  })

  it('wakes up when the signal is aborted, however long it was to sleep', async () => {
    for (const seconds of [1e3, 1e9, Number.POSITIVE_INFINITY]) {
      const alarm = new AbortController()
      const slept = systemClock.sleep(seconds, alarm.signal)
      alarm.abort()
      await slept
    }
  })

  it('wakes up by itself, and listens no more', async () => {
    const alarm = new AbortController()
    const before = performance.now()
    await systemClock.sleep(0.02, alarm.signal)
    // Node's timers count whole milliseconds.
    expect(performance.now() - before).toBeGreaterThan(18)
    expect(getEventListeners(alarm.signal, 'abort')).toEqual([])
    await systemClock.sleep(0, alarm.signal)
    await systemClock.sleep(-1)
  })

  it('gives seconds', () => {
    expect(Math.abs(systemClock.epoch() - Date.now() / 1000)).toBeLessThan(60)
    const before = systemClock.monotonic()
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before)
  })
})
