/**
 * The pause after an iteration that has failed at once, when nobody has asked for one: a command that cannot work, as one
 * that is not there, is not started thirty times in a second for a whole night. Pure.
 */

/** One that lasted longer has done something, and costs less than it would by being started too often. Seconds. */
const QUICK_SECONDS = 1

/** Seconds. The first failures of something that only flickers cost next to nothing. */
const FROM = 0.1
const TO = 10

/**
 * @param durationSeconds of the iteration that failed
 * @param failures in a row, at least 1
 * @returns seconds; doubled with each failure in a row
 */
export const brakeSeconds = (durationSeconds: number, failures: number): number =>
  durationSeconds >= QUICK_SECONDS ? 0 : Math.min(TO, FROM * 2 ** Math.min(failures - 1, 60))
