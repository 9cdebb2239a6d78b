const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
/** Longer ago a day of the week would be the one of today, or of another week. */
const WEEK_SECONDS = 6 * 86_400

const two = (n: number): string => String(n).padStart(2, '0')

/**
 * A moment that has been, as short as it is clear: `03:12` of today, `Fri 22:00`, `2026-11-02 22:00`. Local time. Pure.
 *
 * @param epoch Unix seconds @param now Unix seconds
 */
export const momentText = (epoch: number, now: number): string => {
  const date = new Date(epoch * 1000)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (date.toDateString() === new Date(now * 1000).toDateString()) return time
  if (Math.abs(now - epoch) < WEEK_SECONDS) return `${DAYS[date.getDay()]} ${time}`
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`
}
