/**
 * Whether output contains anything new. {@link Novelty} remembers what it has seen, within a bound.
 *
 * | printed since the last call                                          | it is    |
 * | -------------------------------------------------------------------- | -------- |
 * | a piece of text that was not seen before                             | `new`    |
 * | only in a status line: a text that was not seen before               | `status` |
 * | the same, and it is like no earlier one and names nothing            | `phrase` |
 * | the same, in a status line whose texts have been found to come back  | `repeat` |
 * | text that was seen before, with other digits or another spinner glyph | `repeat` |
 * | in one place, the same one or two pictures: a cursor that blinks     | `blink`  |
 *
 * A status line is text with a spinner glyph before it or with a clock in it. Programs
 * fill it with what they do, which is progress, or with phrases from a list, which is not; core/status-phrases.ts tells
 * the two apart, after some time. So such text is progress until it is known better, and then never was.
 *
 * Text is taken apart as a terminal would show it: a line break, a carriage return, a backspace or a move of the
 * cursor begins a new piece; colours and titles are dropped. Of each piece spinner glyphs, digits and white space
 * are dropped, and identifiers made of random characters; what is left is new, or was seen.
 *
 * Two things that digits say are kept here; core/shown-sizes.ts and core/measured-values.ts know of two more. A fraction of
 * something known (`45 %`, `12/80`) that is larger than it ever was is progress: it cannot grow for ever; the number of an
 * attempt is none. And a row of test marks (`....F..`) says one thing with each mark.
 */

import { dropOldest, remember } from './bounded.ts'
import { CutTexts, endsWithEllipsis } from './cut-text.ts'
import { dropIdentifiers, Identifiers } from './identifiers.ts'
import { MeasuredValues } from './measured-values.ts'
import { scaled } from './number-rows.ts'
import { showsMenu } from './screen-menu.ts'
import { NO_TERMINAL, type ScreenRow, ScreenRows, type ScreenSize } from './screen-rows.ts'
import { ShownSizes } from './shown-sizes.ts'
import { StatusPhrases, statusForm, type TextKind } from './status-phrases.ts'

/** Pieces remembered; a cycle of more different lines than this counts as new each time around. */
const MEMORY_PIECES = 2048
/** Of one piece; what follows makes no difference. */
const PIECE_CHARACTERS = 200

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
/** OSC, and DCS, SOS, PM, APC strings: titles, links, clipboard. One that is never ended must not swallow all that comes. */
const STRINGS = /\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)/g
const UNFINISHED_ESCAPE = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]{0,4096}\x1b?|[ -/]*)$/
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */

/** Between things that stand side by side: the line of a box, or more than two spaces. */
const COLUMN_GAPS = /[\u2502\u2503\u2551\u258c\u2590]|\s{3,}/u

/** ASCII twirls, dots and bullets, arrows, blocks that turn, braille, dingbats, clocks and moons. */
const SPINNER_GLYPHS =
  /[|/\\\-·•…∙⋅◌○◍◎●\u2190-\u21ff\u25a0-\u25ff\u2596-\u259f\u2700-\u27bf\u2800-\u28ff\u2b00-\u2bff\u{1f311}-\u{1f318}\u{1f550}-\u{1f567}]|\ufe0f/gu

const PERCENT = /(\d{1,3}(?:\.\d+)?)\s?%/
/** Not a date, nor a path: `12/80`, `12.3/45.6 MB`, `900kB of 1.2MB`. */
const UNIT = '(?:\\s?(?:([kKMGT])(?:i?B)?|B)\\b)?\\s?'
const NUMBER = '(\\d{1,12}(?:\\.\\d+)?)'
const OF_TOTAL = new RegExp(`(?<![\\d/.:-])${NUMBER}${UNIT}(?:/|of)\\s?${NUMBER}(?!\\.?\\d|[/:-])${UNIT}`)

/** As tqdm counts where it knows no total: `1234it [01:23, 14.9it/s]`. It draws nothing while nothing is done. */
const ITERATIONS = /(\d+(?:\.\d+)?)([kMGT]?)\p{L}* \[(?:\d+:)?\d\d:\d\d, /u

/** `59s` becomes `1m 0s`, and `950 tokens` become `1.2k`: that says no more than another digit. */
const UNITS = /(?<=\d)(?:\s?(?:ms|[smhd]|[kKMGT]i?B?|B)\b|[.,](?=\d))/g

const MARKS = '[.,FEsxXSPU*+!?✓✔✗]'
const ROW_OF_MARKS = new RegExp(`^${MARKS}{10,}$`, 'u')
const ONLY_MARKS = new RegExp(`^${MARKS}+$`, 'u')

/** `attempt 3/10` counts failures. */
const ATTEMPTS = /\b(?:attempts?|retry|retries|retrying|tries)\b/i

/** What a tool tells the person in front of it while it waits: `Tip: Use /goal to …`. */
const ADVICE = /^[^\p{L}]{0,10}(?:tip|hint|did you know)\s?[:?]/iu

/** What must grow as long as a program works: a part of a whole, or a number of things done; `null` for none. */
const fractionOf = (piece: string): number | null => {
  if (ATTEMPTS.test(piece)) return null
  const percent = PERCENT.exec(piece)
  if (percent !== null) return Number(percent[1]) / 100
  const iterations = ITERATIONS.exec(piece)
  if (iterations !== null) return scaled(iterations[1], iterations[2])
  // An identifier may have such a part.
  const found = OF_TOTAL.test(piece) ? OF_TOTAL.exec(dropIdentifiers(piece)) : null
  if (found === null) return null
  const [, part, partUnit, whole, wholeUnit] = found
  // `12/80 MB`: the unit is that of both.
  const fraction = scaled(part, partUnit || wholeUnit) / scaled(whole, wholeUnit)
  return fraction <= 1 ? fraction : null
}

/** Dots that come one by one before a text, as a spinner does; those of a row of tests have no text behind them. */
const LEADING_DOTS = /^\s*\.{1,3}\s+(?=\p{L})/u

/** What is left of a piece to compare. */
export const normalize = (piece: string): string =>
  // The space is taken out again, and makes a string of its own: a mere part would keep all that it was cut from.
  dropIdentifiers(` ${piece.slice(0, PIECE_CHARACTERS * 4)}`.replace(LEADING_DOTS, ''))
    .replace(UNITS, '')
    .replace(SPINNER_GLYPHS, '')
    .replace(/[\d\s]+/g, '')
    .slice(0, PIECE_CHARACTERS)

/** More different pictures of one text than this are a spinner, or a clock. */
const BLINK_PICTURES = 2

/** What is drawn over and over in one place: a cursor that blinks, a prompt that is drawn anew. */
class Pictures {
  readonly #known = new Map<string, Set<string>>()

  /** @returns whether all of it has at most two pictures, of two texts or of those of the call before */
  areSteady(pieces: readonly string[]): boolean {
    const isFirst = this.#known.size === 0
    for (const piece of pieces) {
      const text = normalize(piece)
      const pictures = this.#known.get(text)
      const isOther = pictures === undefined && !isFirst && text !== ''
      if (isOther && this.#known.size >= BLINK_PICTURES) return this.forget()
      const all = (pictures ?? new Set()).add(piece.trim())
      this.#known.set(text, all)
      if (all.size > BLINK_PICTURES) return this.forget()
    }
    return !isFirst
  }

  forget(): false {
    this.#known.clear()
    return false
  }
}

/** Of what comes at once, the last rows: a display of sizes has fewer, and who computes prints no more. */
const SIZE_ROWS = 20

/** `isAtEdge`: more of it may not have had room on the screen. */
type Part = ScreenRow & { readonly isAtEdge?: boolean }

export class Novelty {
  /** In the order of their last use. */
  readonly #seen = new Set<string>()
  /** The largest fraction that each line has reported. */
  readonly #fractions = new Map<string, number>()
  readonly #phrases = new StatusPhrases()
  readonly #pictures = new Pictures()
  readonly #cutTexts = new CutTexts()
  readonly #identifiers = new Identifiers()
  readonly #sizes = new ShownSizes()
  readonly #screen = new ScreenRows()
  readonly #values = new MeasuredValues()
  #grown = 0
  #hasMeasured = false
  #size = NO_TERMINAL
  /** The cursor's row as it was after the last call. */
  #open = ''
  #escape = ''

  /** Its status line takes its texts from a list: what it has said there was no progress, nor will be. */
  get cycles(): boolean {
    return this.#phrases.cycle
  }

  /** Bytes by which a size that the last call has shown is larger than it was before. */
  get grown(): number {
    return this.#grown
  }

  /** The last call has shown a value that was computed. */
  get hasMeasured(): boolean {
    return this.#hasMeasured
  }

  /** The screen asks a person to choose. */
  get showsMenu(): boolean {
    return showsMenu(this.#screen.texts)
  }

  /** Of the terminal that it is printed to. */
  resize(size: ScreenSize): void {
    this.#size = size
    this.#screen.resize(size)
  }

  /** @param text what came since the last call */
  observe(text: string): TextKind {
    const raw = this.#escape + text
    this.#escape = UNFINISHED_ESCAPE.exec(raw)?.[0] ?? ''
    const whole = raw.slice(0, raw.length - this.#escape.length).replace(STRINGS, '')
    const { rows, open, hasLines, isAppended } = this.#screen.write(whole)
    const shown = (open === null ? rows : [...rows, open]).slice(-SIZE_ROWS)
    this.#grown = Math.max(0, ...shown.map(({ text }) => this.#sizes.growth(text)))
    // All of them are looked at, and remembered.
    this.#hasMeasured = shown.map(({ text }) => this.#values.isAnother(text)).includes(true)
    let kind: TextKind = 'repeat'
    for (const row of rows.flatMap((row) => this.#partsOf(row))) kind = stronger(kind, this.#kindOf(row))
    const before = this.#open
    const isOpenNew = open !== null && open.text !== before
    if (isOpenNew) {
      this.#open = open.text
      const parts = this.#partsOf(open)
      const last = parts.at(-1) ?? open
      for (const part of parts.slice(0, -1)) kind = stronger(kind, this.#kindOf(part))
      kind = stronger(kind, this.#openKind(last, isAppended))
    }
    if (kind !== 'repeat' || hasLines) {
      this.#pictures.forget()
      return kind
    }
    const drawn = isOpenNew ? [...rows, open] : rows
    if (drawn.length === 0) return 'blink'
    return this.#pictures.areSteady(drawn.map((row) => row.text)) ? 'blink' : 'repeat'
  }

  /** What stands side by side on a screen is compared by itself. */
  #partsOf(row: ScreenRow): readonly Part[] {
    const { columns } = this.#size
    if (this.#size === NO_TERMINAL) return [row]
    const texts = row.text.split(COLUMN_GAPS)
    const isFull = row.text.length >= columns
    return texts.map((text, index) => ({ ...row, text, isAtEdge: isFull && index === texts.length - 1 }))
  }

  #kindOf({ text: piece, isOver, isEnded, isAtEdge = false }: Part): TextKind {
    if (ADVICE.test(piece)) return 'repeat'
    const text = normalize(piece)
    const fraction = fractionOf(piece)
    const isFurther = fraction !== null && fraction > (this.#fractions.get(text) ?? -1)
    if (isFurther) remember(this.#fractions, text, fraction, MEMORY_PIECES)
    if (text === '') return isFurther ? 'new' : 'repeat'
    const form = statusForm(piece, isOver)
    const phrase = form === null ? null : this.#phrases.shown(form, text, piece.trim())
    const isSame =
      this.#cutTexts.isSame(text, isAtEdge || endsWithEllipsis(piece), this.#seen) ||
      this.#identifiers.isKnownWithout(piece, normalize)
    const wasSeen = this.#seen.delete(text) || isSame || (!isEnded && this.#isBeginning(text))
    this.#add(text)
    if (isFurther || ROW_OF_MARKS.test(text)) return 'new'
    if (wasSeen) return 'repeat'
    return phrase ?? 'new'
  }

  /** A line without an end yet is new when no line that was seen begins like it. */
  #openKind({ text: row, isOver }: ScreenRow, grown: boolean): TextKind {
    const open = row.trim()
    if (ADVICE.test(open)) return 'repeat'
    if (grown && ONLY_MARKS.test(open)) return 'new'
    // Of one that is longer than what is compared, its end: its beginning stays the same while it grows.
    if (grown && open.length > PIECE_CHARACTERS) {
      return this.#kindOf({ text: open.slice(-PIECE_CHARACTERS), isOver: false, isEnded: true })
    }
    // The last word may be cut off anywhere.
    const text = normalize(open.replace(/[A-Za-z0-9-]+$/, ''))
    if (text === '') return 'repeat'
    const isFurther = this.#isFurther(text, open)
    if (this.#isBeginning(text)) return isFurther ? 'new' : 'repeat'
    const form = statusForm(open, isOver)
    // One that is written to its end is remembered when it is whole; one that is drawn is whole.
    if (form !== null && !isFurther)
      return grown ? this.#phrases.kindOf(form) : this.#kindOf({ text: row, isOver, isEnded: false })
    this.#add(text)
    return 'new'
  }

  #isBeginning(text: string): boolean {
    for (const line of this.#seen) if (line.startsWith(text)) return true
    return false
  }

  #add(text: string): void {
    this.#seen.add(text)
    dropOldest(this.#seen, MEMORY_PIECES)
  }

  #isFurther(text: string, piece: string): boolean {
    const fraction = fractionOf(piece)
    if (fraction === null || fraction <= (this.#fractions.get(text) ?? -1)) return false
    remember(this.#fractions, text, fraction, MEMORY_PIECES)
    return true
  }
}

export const isNewText = (kind: TextKind | null): boolean =>
  kind === 'new' || kind === 'status' || kind === 'phrase'

const STRENGTH: Readonly<Record<TextKind, number>> = { new: 4, status: 3, phrase: 2, repeat: 1, blink: 0 }
const stronger = (a: TextKind, b: TextKind): TextKind => (STRENGTH[b] > STRENGTH[a] ? b : a)
