import type { Clock } from '../core/ports.ts'

/** Longer timers overflow and fire at once (setTimeout holds milliseconds in 32 bits). */
const MAX_TIMER_SECONDS = 2 ** 31 / 1000 - 1

/** The delay for `setInterval`, in milliseconds. */
export const timerMilliseconds = (seconds: number): number => Math.min(seconds, MAX_TIMER_SECONDS) * 1000

export const systemClock: Clock = {
  epoch: () => Date.now() / 1000,
  /** CLOCK_MONOTONIC on Linux, and a clock of the same kind on macOS. */
  monotonic: () => Number(process.hrtime.bigint()) / 1e9,
  async sleep(seconds, signal) {
    let left = seconds
    while (left > 0 && signal?.aborted !== true) {
      // Not imported: it costs a start that sleeps nowhere half a millisecond.
      const { setTimeout: delay } = process.getBuiltinModule('node:timers/promises')
      const part = Math.min(left, MAX_TIMER_SECONDS)
      try {
        await delay(part * 1000, undefined, signal === undefined ? {} : { signal })
      } catch {
        return // Aborted: the caller looks at the signal.
      }
      left -= part
    }
  },
}
