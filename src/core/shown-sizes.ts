/**
 * The sizes that a display shows (`412 MB`, `440k`), and by how much they grow. Pure.
 *
 * A display without words, as curl(1) has it, repeats itself as a clock does. But one that says that a megabyte more has come,
 * while the worker has moved a megabyte, shows progress; see core/progress.ts.
 */

import { remember } from './bounded.ts'
import { rowKey, scaled } from './number-rows.ts'

/** Not a speed, nor a number of tokens. */
const SIZE = /(?<![\w.:])(\d+(?:\.\d+)?)(?:\s?(?:([kKMGT])i?B|B|bytes)|([kKMGT])(?!\s?[A-Za-z]))(?![\w/])/g
/** Where a row has no words, any large number may be one: curl(1) shows the first 100,000 bytes so. */
const LARGE_NUMBER = /(?<![\w.:])\d{4,}(?![\w.:/])/g
const MEMORY_ROWS = 256

const sizesIn = (row: string): readonly number[] =>
  /\p{L}/u.test(row)
    ? [...row.matchAll(SIZE)].map(([, digits, unit, suffix]) => scaled(digits, unit ?? suffix))
    : (row.match(LARGE_NUMBER) ?? []).map(Number)

/** `largest`: `null` for what goes up and down, and is no size of something that arrives. */
type Place = { readonly last: number; readonly largest: number | null }

/** It may start over, and then it is much smaller. */
const START_OVER = 0.5

const nextPlace = (before: Place | undefined, size: number): Place => {
  if (before === undefined) return { last: size, largest: size }
  const hasFallen = size < before.last && size >= START_OVER * before.last
  const largest = before.largest === null || hasFallen ? null : Math.max(size, before.largest)
  return { last: size, largest }
}

export class ShownSizes {
  /** Of each place in a row, by the row's text without digits. */
  readonly #places = new Map<string, readonly Place[]>()

  /** @returns bytes: how much the size that grew most has grown */
  growth(row: string): number {
    const sizes = sizesIn(row)
    if (sizes.length === 0) return 0
    const key = rowKey(row, sizes.length)
    const before = this.#places.get(key)
    const places = sizes.map((size, index) => nextPlace(before?.[index], size))
    remember(this.#places, key, places, MEMORY_ROWS)
    return Math.max(0, ...places.map(({ largest }, index) => grownBy(before?.[index]?.largest, largest)))
  }
}

const grownBy = (before: number | null | undefined, after: number | null): number =>
  before === undefined || before === null || after === null ? 0 : after - before
