/** Moments in local time, for people. Pure. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
/** Longer ago a day of the week would be the one of today, or of another week. */
const WEEK_SECONDS = 6 * 86_400

const two = (n: number): string => String(n).padStart(2, '0')

/** `day` as `11-28`, `time` as `22:00`. @param epoch Unix seconds */
export const localTime = (
  epoch: number,
): { readonly year: number; readonly day: string; readonly time: string } => {
  const date = new Date(epoch * 1000)
  return {
    year: date.getFullYear(),
    day: `${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}`,
  }
}

/** `2026-11-02 22:00`. @param epoch Unix seconds */
export const fullMomentText = (epoch: number): string => {
  const { year, day, time } = localTime(epoch)
  return `${year}-${day} ${time}`
}

/**
 * A moment that has been, as short as it is clear: `03:12` of today, `Fri 22:00`, `2026-11-02 22:00`.
 *
 * @param epoch Unix seconds @param now Unix seconds
 */
export const momentText = (epoch: number, now: number): string => {
  const date = new Date(epoch * 1000)
  const { time } = localTime(epoch)
  if (date.toDateString() === new Date(now * 1000).toDateString()) return time
  return Math.abs(now - epoch) < WEEK_SECONDS ? `${DAYS[date.getDay()]} ${time}` : fullMomentText(epoch)
}
