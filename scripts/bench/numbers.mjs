/** Medians with their spread, and how they are written. */

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]

/** Of at least one number: the median, and the quarter of them that is less and more. */
export const spread = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

export const median = (numbers) => spread(numbers).median

const digits = (value) => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
export const short = (value) => value.toFixed(digits(value))

/** `52.1 ms (50.3-55.0)` */
export const withSpread = (numbers, unit) => {
  const { median: middle, low, high } = spread(numbers)
  return `${short(middle)} ${unit} (${short(low)}-${short(high)})`
}

export const times = (ratio) => `${ratio.toFixed(2)} x`

/** The median of the ratios pair by pair: what slows the machine down for a while slows both of a pair. */
export const ratioOf = (a, b) => median(a.map((value, n) => value / b[n]))

/** @param limit `{ most }` or `{ least }` */
export const goal = (what, value, limit, unit = 'x') => {
  const isMet = 'most' in limit ? value <= limit.most : value >= limit.least
  const wanted = 'most' in limit ? `at most ${limit.most}` : `at least ${limit.least}`
  return { what, value: `${short(value)} ${unit}`, wanted: `${wanted} ${unit}`, isMet }
}
