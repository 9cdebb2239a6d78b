/** The pause before the next iteration. Pure: chance and time come in. */
import type { Backoff } from './times.ts'

/** Of a worker that says "try again later" (exit code 75) in a run without `--backoff`. */
export const DEFAULT_RETRY_BACKOFF: Backoff = { from: 5, to: 600 }

/** Runs that fail together, as when one service is down, do not come back together. */
const JITTER = 0.2

/**
 * The pause after a failed iteration: `from`, doubled with each failure in a row, never outside of `from`..`to`.
 *
 * @param failures in a row, at least 1 @param random 0 to 1 @returns seconds
 */
export const backoffSeconds = ({ from, to }: Backoff, failures: number, random: number): number => {
  // The exponent is bounded so that a night of failures does not overflow.
  const doubled = Math.min(to, from * 2 ** Math.min(failures - 1, 60))
  return Math.min(to, Math.max(from, doubled * (1 - JITTER + 2 * JITTER * random)))
}
