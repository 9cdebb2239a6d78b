import type { Clock } from './ports.ts'

export type PollOptions = {
  /** How long to look, by the monotonic clock; 0 looks once. */
  readonly seconds: number
  readonly pauseSeconds: number
  /** Each pause is longer than the one before, up to this. */
  readonly longestPauseSeconds?: number
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined
}

const PAUSE_GROWTH = 1.5

/**
 * Looks again and again until `check` gives something else than `null` or `false`.
 *
 * @returns what `check` gave; `null` when the time was up first, after a last look
 */
export const poll = async <T>(
  clock: Clock,
  { seconds, pauseSeconds, longestPauseSeconds = pauseSeconds, signal }: PollOptions,
  check: () => T | null | false | Promise<T | null | false>,
): Promise<T | null> => {
  const deadline = clock.monotonic() + seconds
  let pause = pauseSeconds
  for (;;) {
    const found = await check()
    if (found !== null && found !== false) return found
    const left = deadline - clock.monotonic()
    if (left <= 0 || signal?.aborted === true) return null
    await clock.sleep(Math.min(pause, left), signal)
    pause = Math.min(pause * PAUSE_GROWTH, longestPauseSeconds)
  }
}
