/**
 * The sizes that a display shows (`412 MB`, `440k`), and by how much they grow. Pure.
 *
 * A display without words, as curl(1) has it, repeats itself as a clock does. But one that says that a megabyte more has come,
 * while the worker has moved a megabyte, shows progress; see core/progress.ts.
 */

/** Not a speed, nor a number of tokens. */
const SIZE = /(?<![\w.:])(\d+(?:\.\d+)?)(?:\s?(?:([kKMGT])i?B|B|bytes)|([kKMGT])(?!\s?[A-Za-z]))(?![\w/])/g
/** Where a row has no words, any large number may be one: curl(1) shows the first 100,000 bytes so. */
const LARGE_NUMBER = /(?<![\w.:])\d{4,}(?![\w.:/])/g
/** Of a row, what is the same when it is drawn again. */
const NO_LETTERS = /[^\p{L}:]+/gu
const FACTORS: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }
const MEMORY_ROWS = 256

const sizesIn = (row: string): readonly number[] =>
  /\p{L}/u.test(row)
    ? [...row.matchAll(SIZE)].map(
        ([, value, unit, suffix]) => Number(value) * (FACTORS[unit ?? suffix ?? ''] ?? 1),
      )
    : (row.match(LARGE_NUMBER) ?? []).map(Number)

export class ShownSizes {
  /** The largest that each place of a row has shown, by its text without digits. */
  readonly #largest = new Map<string, readonly number[]>()

  /** @returns bytes: how much the size that grew most has grown */
  growth(row: string): number {
    const sizes = sizesIn(row)
    if (sizes.length === 0) return 0
    const key = `${sizes.length} ${row.replace(NO_LETTERS, '')}`
    const before = this.#largest.get(key)
    this.#largest.delete(key)
    this.#largest.set(
      key,
      sizes.map((size, index) => Math.max(size, before?.[index] ?? 0)),
    )
    const [oldest] = this.#largest.keys()
    if (this.#largest.size > MEMORY_ROWS && oldest !== undefined) this.#largest.delete(oldest)
    if (before === undefined) return 0
    return Math.max(0, ...sizes.map((size, index) => size - (before[index] ?? size)))
  }
}
