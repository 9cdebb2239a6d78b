/**
 * The values that a program prints as it computes: `iter 120: loss 2.3456`. Pure.
 *
 * Such lines differ in their digits alone, as those of a program do that tries the same thing for ever. But what is tried for
 * ever counts attempts and seconds, which only grow. A value with decimals that has fallen at least once, and is another
 * one each time, was computed; see core/progress.ts.
 */

import { remember } from './bounded.ts'
import { rowKey } from './number-rows.ts'

/** No time, share, size or sum of money, no part of a version or a date; seconds since 1970 have more digits. */
const VALUE =
  /(?<![\w.,:/$€-]|\d\s)(-?\d{1,7}\.\d+(?:[eE][-+]?\d+)?)(?![\w.:%/]|\s?(?:[smhd%]|ms|secs?|mins?|hrs?|seconds|minutes|hours|[kKMGT]?i?B|bytes|tokens)(?![\p{L}]))/gu
const MEMORY_ROWS = 256

type Known = { readonly values: readonly number[]; readonly hasFallen: readonly boolean[] }

export class MeasuredValues {
  readonly #known = new Map<string, Known>()

  /** @returns whether a value of the row that can fall is another one than before */
  isAnother(row: string): boolean {
    const values = [...row.matchAll(VALUE)].map(([, digits]) => Number(digits))
    if (values.length === 0) return false
    const key = rowKey(row, values.length)
    const before = this.#known.get(key)
    const hasFallen = values.map(
      (value, index) => before?.hasFallen[index] === true || value < (before?.values[index] ?? value),
    )
    remember(this.#known, key, { values, hasFallen }, MEMORY_ROWS)
    return values.some((value, index) => hasFallen[index] === true && value !== before?.values[index])
  }
}
