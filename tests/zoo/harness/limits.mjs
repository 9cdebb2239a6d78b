/** Causes that do not wait for a limit: they are certain. */
const QUIET = new Set(['silent'])
const STUCK = new Set(['repeating', 'spinning'])

/** Seconds that a hang of this cause is given before the heartbeat stops. */
export const limitOf = (scenario, limits, cause) => {
  if (scenario.limit !== undefined) return scenario.limit
  if (QUIET.has(cause)) return limits.quiet
  return STUCK.has(cause) ? limits.stuck : 0
}
