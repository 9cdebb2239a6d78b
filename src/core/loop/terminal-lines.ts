/**
 * The lines of a stream of output as a terminal would show them, without colours. Pure, with a bounded memory.
 *
 * A line break or a move of the cursor to another row ends a line. After a carriage return that no line feed follows the
 * line is written anew: what was written last counts. A line longer than {@link MAX_LINE_CHARACTERS}, white space and box
 * drawing at its ends aside, is `null`: it is there, and its text is not kept.
 */

/** Longer than any line that somebody looks for; a line may still have any amount of white space or border around it. */
const MAX_LINE_CHARACTERS = 16_384

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
/** OSC, and DCS, SOS, PM, APC strings: titles, links, clipboard. One that is never ended must not swallow all that comes. */
const STRINGS = /\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)/g
/** A line feed with it: it leaves the row that was known. */
const MOVING = /\n|\x1b\[([0-?]*)[ -/]*([@-~])/g
/** The cursor saved, put back, a line up or down; the whole screen anew. */
const MOVES = /\x1b[78DEMc]/g
const OTHER_ESCAPES = /\x1b[ -/]*[0-~]/g
const UNFINISHED_ESCAPE = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]{0,4096}\x1b?|[ -/]*)$/
const BREAK = /[\n\v\f\r\x18\x19]/g
/** What shows nothing, but for the backspace, which is looked at by itself. */
const INVISIBLE = /[\x00-\x07\x0e-\x1f\x7f]|\u200b|\ufe0e|\ufe0f/g
/** Stand for control sequences that erase the line, and the rest of it. No terminal shows these two. */
const ERASE_LINE = '\x18'
const ERASE_REST = '\x19'
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */

/** Colours, modes, reports, the shape of the cursor. */
const NO_MOVE = 'mhlnqcutspgi'
const ALTERNATE_SCREEN = /^\?(?:47|104[79])$/
const BORDER = '\\s|\\u2500-\\u259f'
const BLANK = new RegExp(`^[${BORDER}]*$`, 'u')
const LEADING_BORDER = new RegExp(`^[${BORDER}]+`, 'u')
const TRAILING_BORDER = new RegExp(`(?<![${BORDER}])[${BORDER}]+$`, 'u')

/** A line's text without the box around it: white space, box drawing characters, block elements and `|` at its ends. */
export const withoutBox = (line: string): string => {
  const rest = line.replace(LEADING_BORDER, '')
  return (rest === '' ? rest : rest.replace(TRAILING_BORDER, '')).replace(/\s+/gu, ' ')
}

/** A typed line that was mended: each backspace takes the character before it back. */
const withBackspaces = (text: string): string => {
  if (!text.includes('\b')) return text
  const kept: string[] = []
  for (const character of text) {
    if (character === '\b') kept.pop()
    else kept.push(character)
  }
  return kept.join('')
}

/** How far back a line with something on it is looked for. */
const MAX_BLANK_LINES = 50

/** Where the last line begins that is not blank and has its end in the text; 0 when that is the first one, or there is none. */
const startOfLastLine = (text: string): number => {
  let end = text.lastIndexOf('\n')
  for (let count = 0; end > 0 && count < MAX_BLANK_LINES; count += 1) {
    const start = text.lastIndexOf('\n', end - 1) + 1
    if (start === 0 || text.slice(start, end).trim() !== '') return start
    end = start - 1
  }
  return 0
}

/** Whether none of the lines that end in `piece` is of interest. @param held what the open line has so far */
export type IsDull = (held: string, piece: string) => boolean

export class TerminalLines {
  readonly #onLine: (line: string | null) => void
  readonly #isDull: IsDull
  readonly #decoder = new TextDecoder()
  #escape = ''
  /** What came last on the open line. */
  #open = ''
  /** What was there before a carriage return, which may turn out to be part of a line break. */
  #before = ''
  #isTooLong = false
  #isBlank = true
  /** Where the cursor was put, as far as that is known. */
  #row: number | null = null

  /**
   * @param onLine called with each line that is not empty, its box taken off
   * @param isDull of what it says so of, only the last line is looked at
   */
  constructor(onLine: (line: string | null) => void, isDull: IsDull = () => false) {
    this.#onLine = onLine
    this.#isDull = isDull
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }))
  }

  /** No more comes: what has no end yet is a line, too. */
  end(): void {
    this.#take(this.#decoder.decode())
    this.#escape = ''
    this.#endLine()
  }

  /** Nothing of a line is there that has no end yet. */
  get isAtStart(): boolean {
    return this.#isBlank
  }

  #take(piece: string): void {
    const from = this.#isDull(this.#before + this.#open, piece) ? startOfLastLine(piece) : 0
    if (from > 0) {
      this.#erase()
      this.#escape = ''
      this.#row = null
    }
    const plain = this.#withoutEscapes(from > 0 ? piece.slice(from) : piece)
    let done = 0
    for (const { index } of plain.matchAll(BREAK)) {
      this.#append(plain.slice(done, index))
      this.#break(plain[index] ?? '')
      done = index + 1
    }
    this.#append(plain.slice(done))
  }

  #withoutEscapes(piece: string): string {
    const raw = this.#escape + piece
    if (!raw.includes('\x1b')) {
      this.#escape = ''
      return raw
    }
    this.#escape = UNFINISHED_ESCAPE.exec(raw.slice(-4200))?.[0] ?? ''
    return raw
      .slice(0, raw.length - this.#escape.length)
      .replace(STRINGS, '')
      .replace(MOVING, (_, parameters = '', final = '\n') => this.#moved(parameters, final))
      .replace(MOVES, '\n')
      .replace(OTHER_ESCAPES, '')
  }

  /** What a control sequence does to the lines: nothing, a space, a new piece of the same line, or a new line. */
  #moved(parameters: string, final: string): string {
    if (NO_MOVE.includes(final)) return ALTERNATE_SCREEN.test(parameters) ? '\v' : ''
    const [first = '', second = ''] = parameters.split(';')
    if (final === 'C') return ' '
    if (final === 'D') return '\b'.repeat(Math.min(Number(first) || 1, 200))
    if (final === 'G' || final === '`') return Number(first || '1') > 1 ? ' ' : '\r'
    if (final === 'K') return Number(first || '0') === 0 ? ERASE_REST : ERASE_LINE
    if (final === '@' || final === 'P' || final === 'X') return ''
    if (final === 'H' || final === 'f') {
      const row = Number(first || '1')
      const isSameRow = this.#row === row
      this.#row = row
      if (isSameRow) return Number(second || '1') > 1 ? ' ' : '\r'
      return '\v'
    }
    this.#row = null
    return final === '\n' ? '\n' : '\v'
  }

  #append(text: string): void {
    if (text === '') return
    this.#open += text
    this.#isBlank &&= BLANK.test(text)
    if (this.#open.length <= MAX_LINE_CHARACTERS) return
    // A wide border or much white space is shortened; a long text is not kept.
    const rest = withoutBox(this.#visible(this.#open))
    const ending = /\s$/u.test(this.#open) ? ' ' : ''
    this.#isTooLong ||= rest.length > MAX_LINE_CHARACTERS / 2
    this.#open = this.#isTooLong ? '' : `${rest}${ending}`
  }

  #break(character: string): void {
    if (character === '\r') this.#return()
    else if (character === ERASE_LINE) this.#erase()
    else if (character !== ERASE_REST) this.#endLine()
    else if (this.#visible(this.#open).trim() === '') this.#erase()
  }

  #erase(): void {
    this.#open = ''
    this.#before = ''
    this.#isTooLong = false
    this.#isBlank = true
  }

  #return(): void {
    // An empty piece says nothing: `text\r\r\n` is a line with a text.
    if (this.#visible(this.#open).trim() !== '') this.#before = this.#open
    this.#open = ''
    this.#isTooLong = false
  }

  #endLine(): void {
    const text = withoutBox(this.#visible(this.#open)) || withoutBox(this.#visible(this.#before))
    const isTooLong = this.#isTooLong
    this.#erase()
    if (isTooLong) this.#onLine(null)
    else if (text !== '') this.#onLine(text)
  }

  #visible(text: string): string {
    return withBackspaces(text).replace(INVISIBLE, '')
  }
}
