/** Rows that are drawn again with other numbers: a display of sizes, a line of a training. Pure. */

/** Of a row, what is the same when it is drawn again. */
const NO_LETTERS = /[^\p{L}:]+/gu
const FACTORS: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/** The same for a row that is drawn again with as many other numbers. @param count of the numbers in it */
export const rowKey = (row: string, count: number): string => `${count} ${row.replace(NO_LETTERS, '')}`

/** @param digits as `12.5` @param unit the prefix of a unit, as `M`; any other is 1 */
export const scaled = (digits = '0', unit = ''): number => Number(digits) * (FACTORS[unit] ?? 1)
