import type { Clock } from '../core/ports.ts'

/** Longer timers overflow and fire at once (setTimeout holds milliseconds in 32 bits). */
const MAX_TIMER_SECONDS = 2 ** 31 / 1000 - 1

/** The delay for `setInterval`, in milliseconds. */
export const timerMilliseconds = (seconds: number): number => Math.min(seconds, MAX_TIMER_SECONDS) * 1000

export const systemClock: Clock = {
  epoch: () => Date.now() / 1000,
  /** CLOCK_MONOTONIC on Linux, and a clock of the same kind on macOS. */
  monotonic: () => Number(process.hrtime.bigint()) / 1e9,
  // Without timers/promises, which makes an error with a trace for each sleep that is cut short, and most are.
  sleep: (seconds, signal) =>
    new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const wait = (left: number): void => {
        const part = Math.min(left, MAX_TIMER_SECONDS)
        if (part > 0) timer = setTimeout(wait, part * 1000, left - part)
        else end()
      }
      if (signal?.aborted === true) return resolve()
      signal?.addEventListener('abort', end, { once: true })
      wait(seconds)
    }),
}
