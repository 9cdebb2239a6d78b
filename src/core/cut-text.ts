/**
 * Text that ends where there is no more room: with an ellipsis, or at the edge of the screen. Pure.
 *
 * `Waiting (59s) · press esc to stop` becomes `Waiting (1m 00s) · press esc to …`: the clock has become wider, and nothing
 * is new. So two long texts of which one is cut, and the other has a few more letters at its end, are the same text.
 */

import { dropOldest } from './bounded.ts'

const ELLIPSIS = /(?:…|\.{3})\s*$/
const END_OF_CUT = /\.{1,3}$/
/** Shorter texts are cut because they are meant so: `Compiling…`. */
const MIN_CHARACTERS = 24
/** A clock or a counter does not become wider than this at once. */
const MAX_MISSING = 12
const MEMORY_TEXTS = 64

const isLonger = (text: string, beginning: string): boolean =>
  text.length - beginning.length <= MAX_MISSING && text.startsWith(beginning)

export const endsWithEllipsis = (piece: string): boolean => ELLIPSIS.test(piece)

export class CutTexts {
  /** In the order in which they came. */
  readonly #known = new Set<string>()

  /** @param text to compare, without digits and glyphs @param seen all texts before it */
  isSame(text: string, isCut: boolean, seen: Iterable<string>): boolean {
    const whole = isCut ? text.replace(END_OF_CUT, '') : text
    if (whole.length < MIN_CHARACTERS) return false
    const isSame = this.#isLongerThanKnown(whole) || (isCut && isBeginningOf(whole, seen))
    if (isCut) {
      this.#known.add(whole)
      dropOldest(this.#known, MEMORY_TEXTS)
    }
    return isSame
  }

  #isLongerThanKnown(text: string): boolean {
    for (const beginning of this.#known) if (isLonger(text, beginning)) return true
    return false
  }
}

const isBeginningOf = (text: string, seen: Iterable<string>): boolean => {
  for (const other of seen) if (isLonger(other, text)) return true
  return false
}
