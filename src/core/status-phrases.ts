/**
 * Whether the texts of a status line come from a list. Pure.
 *
 * A spinner that draws its phrases at random from a list shows each of them as new once, which takes hours. But some come
 * back long before the last has been shown: of 127 phrases, three of the first thirty. What a program really does, file
 * after file, does not come back. So a phrase that is shown again after it was gone for a while counts as a return, and
 * when there are enough returns among what was shown, the line says nothing.
 *
 * | returns                                               | the status line |
 * | ----------------------------------------------------- | --------------- |
 * | fewer than {@link MIN_RETURNS}                        | may say something |
 * | so many, but fewer than a twentieth of all phrases shown  | may say something |
 * | a twentieth and more                                    | is a list of phrases |
 *
 * Until then a text that is like an earlier one of the line (`Compiling parser`, `Compiling lexer`), or names something
 * (`src/parser.ts`, `user-name`), is `status`; any other is a `phrase`, and counts for less: lists are made of such.
 *
 * A status line has a glyph before it or a clock in it, and was drawn with another glyph or time for the same text. It is known
 * by its form: which of the two it has, and whether it is written over what stood there. One list says nothing about
 * lines of another form.
 */

/** What printed text is worth; see core/novelty.ts. */
export type TextKind = 'new' | 'status' | 'phrase' | 'repeat' | 'blink'

const MIN_RETURNS = 3
const RETURNS_SHARE = 0.05
/** Pieces of status lines without it, so that it was gone, and not drawn again beside others. */
const GONE_PIECES = 20
/** A list of twenty tasks is drawn with a piece for each: gone is what misses three drawings. */
const GONE_DRAWINGS = 3
const MEMORY_PHRASES = 4096
/** A letter or two is a part of a line that is drawn in parts, and comes back in any other. */
const MIN_LETTERS = 6
const LETTERS = /\p{L}/gu

/** As of the spinners in core/novelty.ts, without hyphens and bullets, which begin lines of lists. Marks of tests are none. */
const LEADING_GLYPH =
  /^\s*(?:[|/\\\-·•∙⋅◌○◍◎●*+\u2190-\u21ff\u25a0-\u25ff\u2596-\u259f\u2800-\u28ff\u2b00-\u2bff\u{1f311}-\u{1f318}\u{1f550}-\u{1f567}]|[\u2700-\u27bf])\ufe0f?\s/u
const TEST_MARK = /^\s*[\u2705\u2713-\u2718\u274c\u274e]/u
const CLOCK = /\b\d+(?:\.\d+)?\s?(?:s|sec|secs|seconds|m|min|h)\b|\b\d{1,2}:\d\d\b/

/** @param isOver it was written over what stood there @returns `null` when it is no status line */
export const statusForm = (piece: string, isOver: boolean): string | null => {
  if (TEST_MARK.test(piece)) return null
  const form = `${LEADING_GLYPH.test(piece) ? 'glyph ' : ''}${CLOCK.test(piece) ? 'clock ' : ''}`
  return form === '' ? null : `${form}${isOver ? 'over' : ''}`
}

/** A path, a file, a package, a name of code. */
const NAME = /\p{L}[\w-]*[._/:@\\][\w.-]*\p{L}|[a-z][A-Z]|\w-\w/u
/** What comes after the text itself: `(12s · esc to cancel)`, and dots. */
const TAIL = /(?:\(.*|[\s.…]+)$/u
const TEMPLATE_WORDS = 2

const wordsOf = (picture: string): readonly string[] =>
  picture
    .replace(LEADING_GLYPH, '')
    .replace(TAIL, '')
    .replace(TAIL, '')
    .toLowerCase()
    .match(/\p{L}[^\s…]*/gu) ?? []

/** Begins like the other, is as long, and has at most two other words. */
const isLike = (words: readonly string[], other: readonly string[]): boolean => {
  if (words.length !== other.length || words[0] !== other[0]) return false
  const different = words.filter((word, index) => word !== other[index]).length
  return different > 0 && different <= Math.min(TEMPLATE_WORDS, words.length - 1)
}

type Phrase = { at: number; picture: string; isAnimated: boolean; gap: number }
type Counts = { shown: number; returns: number }

const KEPT_TEXTS = 50

export class StatusPhrases {
  readonly #phrases = new Map<string, Phrase>()
  readonly #forms = new Map<string, Counts>()
  #pieces = 0
  /** The words of the last ones, of whatever form. */
  #texts: readonly (readonly string[])[] = []

  get cycle(): boolean {
    for (const form of this.#forms.keys()) if (this.#isList(form)) return true
    return false
  }

  /** What a text that was not seen before is worth in a line of this form. */
  kindOf(form: string): TextKind {
    if (this.#isList(form)) return 'repeat'
    return this.cycle ? 'new' : 'status'
  }

  /** What it is worth that `picture` is shown for the first time. */
  #kindOfFirst(form: string, picture: string): TextKind {
    const words = wordsOf(picture)
    const isTold =
      this.#texts.length === 0 ||
      NAME.test(picture.replace(LEADING_GLYPH, '').replace(TAIL, '')) ||
      this.#texts.some((text) => isLike(words, text))
    if (words.length > 0) this.#texts = [...this.#texts, words].slice(-KEPT_TEXTS)
    const kind = this.kindOf(form)
    return kind === 'status' && !isTold ? 'phrase' : kind
  }

  /** @param picture the piece as it was drawn @returns what it is worth if it is new */
  shown(form: string, text: string, picture: string): TextKind {
    if ((text.match(LETTERS)?.length ?? 0) < MIN_LETTERS) return this.kindOf(form)
    this.#pieces += 1
    const counts = this.#forms.get(form) ?? { shown: 0, returns: 0 }
    this.#forms.set(form, counts)
    const key = `${form}\n${text}`
    const known = this.#phrases.get(key)
    if (known === undefined) {
      counts.shown += 1
      this.#phrases.set(key, { at: this.#pieces, picture, isAnimated: false, gap: 0 })
      this.#forgetOldest()
      return this.#kindOfFirst(form, picture)
    } else if (this.#isReturn(known)) {
      counts.shown += 1
      counts.returns += 1
      known.at = this.#pieces
    } else {
      if (known.picture !== picture) known.isAnimated = true
      known.gap = Math.max(known.gap, this.#pieces - known.at)
      known.at = this.#pieces
      known.picture = picture
    }
    return this.kindOf(form)
  }

  /** Only what was drawn with another glyph or time each moment: beginnings of lines that are being written come back, too. */
  #isReturn({ at, isAnimated, gap }: Phrase): boolean {
    return isAnimated && this.#pieces - at > Math.max(GONE_PIECES, GONE_DRAWINGS * gap)
  }

  #isList(form: string): boolean {
    const { shown = 0, returns = 0 } = this.#forms.get(form) ?? {}
    return returns >= MIN_RETURNS && returns >= RETURNS_SHARE * shown
  }

  #forgetOldest(): void {
    if (this.#phrases.size <= MEMORY_PHRASES) return
    const first = this.#phrases.keys().next().value
    if (first !== undefined) this.#phrases.delete(first)
  }
}
