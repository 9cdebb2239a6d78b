/**
 * Whether output contains anything new. {@link Novelty} remembers what it has seen, within a bound.
 *
 * | printed since the last call                                          | it is    |
 * | -------------------------------------------------------------------- | -------- |
 * | a piece of text that was not seen before                             | `new`    |
 * | only in a status line: a text that was not seen before               | `status` |
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
 * Two things that digits say are kept. A fraction of something known (`45 %`, `12/80`) that is larger than it ever was
 * is progress: it cannot grow for ever. And a row of test marks (`....F..`) says one thing with each mark.
 */

import { StatusPhrases, statusForm, type TextKind } from './status-phrases.ts'

/** Pieces remembered; a cycle of more different lines than this counts as new each time around. */
const MEMORY_PIECES = 2048
/** Of one piece; what follows makes no difference. */
const PIECE_CHARACTERS = 200
/** A line without an end is held up to here. */
const OPEN_CHARACTERS = 4096

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
/** OSC, and DCS, SOS, PM, APC strings: titles, links, clipboard. One that is never ended must not swallow all that comes. */
const STRINGS = /\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)/g
const CONTROL_SEQUENCE = /\x1b\[[0-?]*[ -/]*([@-~])/g
const OTHER_ESCAPES = /\x1b[ -/]*[0-~]/g
/** The cursor saved, put back, a line up or down; the whole screen anew. */
const MOVES = /\x1b[78DEMc]/g
const UNFINISHED_ESCAPE = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]{0,4096}\x1b?|[ -/]*)$/
const BREAKS = /([\n\r\b\f\v]+)/
const ERASES = 'K'
/** Stands for a move of the cursor. */
const MOVED = '\v'
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */

/** Colour, modes, reports; and the step to the right, which programs send instead of spaces. */
const NO_MOVE = 'mhlnqcCtu'

/** ASCII twirls, dots and bullets, arrows, blocks that turn, braille, dingbats, clocks and moons. */
const SPINNER_GLYPHS =
  /[|/\\\-·•…∙⋅◌○◍◎●\u2190-\u21ff\u25a0-\u25ff\u2596-\u259f\u2700-\u27bf\u2800-\u28ff\u2b00-\u2bff\u{1f311}-\u{1f318}\u{1f550}-\u{1f567}]|\ufe0f/gu

const PERCENT = /(\d{1,3}(?:\.\d+)?)\s?%/
/** Not a date, nor a path. */
const OF_TOTAL = /(?<![\d/.:-])(\d{1,12})\s?(?:\/|of)\s?(\d{1,12})(?![\d/:-])/

/** `59s` becomes `1m 0s`, and `950 tokens` become `1.2k`: that says no more than another digit. */
const UNITS = /(?<=\d)(?:\s?(?:ms|[smhd]|[kKMGT]i?B?|B)\b|[.,](?=\d))/g

const MARKS = '[.,FEsxXSPU*+!?✓✔✗]'
const ROW_OF_MARKS = new RegExp(`^${MARKS}{10,}$`, 'u')
const ONLY_MARKS = new RegExp(`^${MARKS}+$`, 'u')

/** Eight letters from a to f make no word. */
const HEX = /\b(?:(?=[0-9a-f-]*\d)[0-9a-f-]{6,}|[a-f]{8,})\b/gi
const WORDS = /[A-Za-z0-9]{8,}/g
/** A capital between small letters is how words are joined. */
const HUMP = /(?<=[a-z])[A-Z](?=[a-z])/g
const CHANGES = /\d(?=[A-Za-z])|[A-Za-z](?=\d)|[a-z](?=[A-Z])|[A-Z](?=[a-z])/g
const RANDOM_CHANGES = 4
/** Long, of both cases, and a digit in the middle: a key or a token, also when it happens to change seldom. */
const KEY_CHARACTERS = 16
const KEY = /^(?=.*[a-z])(?=.*[A-Z])(?=.*[A-Za-z]\d+[A-Za-z])/
/** `x7Gq20b` changes between small letters, capitals and digits all the time; `module17` and `userName` do it once. */
const isRandom = (word: string): boolean =>
  (word.length >= KEY_CHARACTERS && KEY.test(word)) ||
  (word.replace(HUMP, (capital) => capital.toLowerCase()).match(CHANGES)?.length ?? 0) >= RANDOM_CHANGES

const fractionOf = (piece: string): number | null => {
  const percent = PERCENT.exec(piece)
  if (percent !== null) return Number(percent[1]) / 100
  const [, part, whole] = OF_TOTAL.exec(piece) ?? []
  return part === undefined || Number(whole) === 0 || Number(part) > Number(whole)
    ? null
    : Number(part) / Number(whole)
}

/** What is left of a piece to compare. */
export const normalize = (piece: string): string =>
  // The space is taken out again, and makes a string of its own: a mere part would keep all that it was cut from.
  ` ${piece.slice(0, PIECE_CHARACTERS * 4)}`
    .replace(HEX, '')
    .replace(WORDS, (word) => (isRandom(word) ? '' : word))
    .replace(UNITS, '')
    .replace(SPINNER_GLYPHS, '')
    .replace(/[\d\s]+/g, '')
    .slice(0, PIECE_CHARACTERS)

/** More different pictures of one text than this are a spinner, or a clock. */
const BLINK_PICTURES = 2

/** What is drawn over and over in one place: a cursor that blinks, a prompt that is drawn anew. */
class Pictures {
  readonly #known = new Map<string, Set<string>>()

  /** @returns whether all of it has at most two pictures, and they are of the same texts as in the call before */
  areSteady(pieces: readonly string[]): boolean {
    const isFirst = this.#known.size === 0
    for (const piece of pieces) {
      const text = normalize(piece)
      const pictures = this.#known.get(text)
      if (pictures === undefined && !isFirst && text !== '') return this.forget()
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

type Piece = { readonly text: string; readonly isOver: boolean }

export class Novelty {
  /** In the order of their last use. */
  readonly #seen = new Set<string>()
  /** The largest fraction that each line has reported. */
  readonly #fractions = new Map<string, number>()
  readonly #phrases = new StatusPhrases()
  readonly #pictures = new Pictures()
  #open: Piece = { text: '', isOver: false }
  #escape = ''

  /** Its status line takes its texts from a list: what it has said there was no progress, nor will be. */
  get cycles(): boolean {
    return this.#phrases.cycle
  }

  /** @param text what came since the last call */
  observe(text: string): TextKind {
    const raw = this.#escape + text
    this.#escape = UNFINISHED_ESCAPE.exec(raw)?.[0] ?? ''
    let isDrawn = false
    const plain = raw
      .slice(0, raw.length - this.#escape.length)
      .replace(STRINGS, '')
      .replace(CONTROL_SEQUENCE, (_, final: string) => {
        if (NO_MOVE.includes(final)) return ''
        isDrawn = true
        return ERASES.includes(final) ? '\r' : MOVED
      })
      .replace(MOVES, MOVED)
      .replace(OTHER_ESCAPES, '')
    const pieces = this.#split(plain)
    let kind: TextKind = 'repeat'
    for (const piece of pieces.slice(0, -1)) kind = stronger(kind, this.#kindOf(piece))
    kind = stronger(kind, this.#openKind(pieces.length === 1 && plain !== ''))
    if (kind !== 'repeat' || (!isDrawn && plain.includes('\n'))) {
      this.#pictures.forget()
      return kind
    }
    return this.#pictures.areSteady(pieces.map((piece) => piece.text)) ? 'blink' : 'repeat'
  }

  /** The last one is still open. */
  #split(plain: string): readonly Piece[] {
    const parts = plain.split(BREAKS)
    const pieces: Piece[] = [{ ...this.#open, text: this.#open.text + (parts[0] ?? '') }]
    for (let index = 1; index < parts.length; index += 2) {
      // Programs that draw only what has changed return and move on: what they draw there is a part of a line.
      const isOver = /^[\r\b]+$/.test(parts[index] ?? '')
      pieces.push({ text: parts[index + 1] ?? '', isOver })
    }
    const last = pieces.at(-1) ?? this.#open
    this.#open = { ...last, text: last.text.slice(-OPEN_CHARACTERS) }
    return pieces
  }

  #kindOf({ text: piece, isOver }: Piece): TextKind {
    const text = normalize(piece)
    const fraction = fractionOf(piece)
    const isFurther = fraction !== null && fraction > (this.#fractions.get(text) ?? -1)
    if (isFurther) this.#remember(this.#fractions, text, fraction)
    if (text === '') return isFurther ? 'new' : 'repeat'
    const form = statusForm(piece, isOver)
    const phrase = form === null ? null : this.#phrases.shown(form, text, piece.trim())
    const wasSeen = this.#seen.delete(text)
    this.#add(text)
    if (isFurther || ROW_OF_MARKS.test(text)) return 'new'
    if (wasSeen) return 'repeat'
    return phrase ?? 'new'
  }

  /** A line without an end yet is new when no line that was seen begins like it. */
  #openKind(grown: boolean): TextKind {
    const { isOver } = this.#open
    const open = this.#open.text.trim()
    if (grown && ONLY_MARKS.test(open)) return 'new'
    // Of one that is longer than what is compared, its end: its beginning stays the same while it grows.
    if (grown && open.length > PIECE_CHARACTERS) {
      return this.#kindOf({ text: open.slice(-PIECE_CHARACTERS), isOver: false })
    }
    // The last word may be cut off anywhere.
    const text = normalize(open.replace(/[A-Za-z0-9-]+$/, ''))
    if (text === '') return 'repeat'
    for (const line of this.#seen) if (line.startsWith(text)) return this.#furtherKind(text, open)
    const isFurther = this.#isFurther(text, open)
    const form = statusForm(open, isOver)
    // It is remembered when it is whole.
    if (form !== null && !isFurther) return this.#phrases.kindOf(form)
    this.#add(text)
    return 'new'
  }

  #add(text: string): void {
    this.#seen.add(text)
    if (this.#seen.size > MEMORY_PIECES) this.#forgetFirst(this.#seen)
  }

  #furtherKind(text: string, piece: string): TextKind {
    return this.#isFurther(text, piece) ? 'new' : 'repeat'
  }

  #isFurther(text: string, piece: string): boolean {
    const fraction = fractionOf(piece)
    if (fraction === null || fraction <= (this.#fractions.get(text) ?? -1)) return false
    this.#remember(this.#fractions, text, fraction)
    return true
  }

  #remember(map: Map<string, number>, key: string, value: number): void {
    map.delete(key)
    map.set(key, value)
    if (map.size > MEMORY_PIECES) this.#forgetFirst(map)
  }

  #forgetFirst(collection: Set<string> | Map<string, number>): void {
    const first = collection.keys().next().value
    if (first !== undefined) collection.delete(first)
  }
}

const STRENGTH: Readonly<Record<TextKind, number>> = { new: 3, status: 2, repeat: 1, blink: 0 }
const stronger = (a: TextKind, b: TextKind): TextKind => (STRENGTH[b] > STRENGTH[a] ? b : a)
