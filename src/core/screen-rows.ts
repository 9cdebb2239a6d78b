/**
 * The rows of a terminal, as far as their text goes. Pure.
 *
 * Full-screen programs send what has changed and no more: a letter here, a digit there. Such a piece says nothing; the row
 * that it is part of does. So text is put in its place, and a row is reported when it is whole:
 *
 * | a row is reported, if its text has changed              | because |
 * | ------------------------------------------------------- | ------- |
 * | at a line feed, and when it scrolls away                | nothing more comes |
 * | before it is erased, or written anew from its beginning | what it said is gone then |
 * | when the cursor has left it, before it is written again | that is another frame |
 * | at the end of what was sent                             | what it says now stays for a while |
 *
 * In a synchronized update (DEC mode 2026) nothing is reported before its end, because nothing of it is shown before.
 * Colours, modes, and tab stops other than of eight columns are left out.
 */

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
const TOKENS =
  /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b([78DEMc])|\x1b[ -/]*[0-~]|[\n\v\f]|\r|\x08|\t|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/g
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */
const PLAIN = /^[\x20-\x7e]*$/
const ZERO_WIDTH = /^(?:\p{M}|[\u200b-\u200d]|[\ufe00-\ufe0f])$/u
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])$/u
const ALTERNATE_SCREEN = /^\?(?:47|1047|1049)$/
const FRAME = '?2026'
/** A program that died in a frame never ends it. */
const FRAME_WRITES = 2
const TAB = 8

export type ScreenSize = { readonly columns: number; readonly rows: number }

/** Output that goes to no terminal has lines of any length; of a longer one the end is kept. */
export const NO_TERMINAL: ScreenSize = { columns: 4096, rows: 50 }

const KEPT_CHARACTERS = 2048

export type ScreenRow = {
  readonly text: string
  /** It stands where another text stood. */
  readonly isOver: boolean
  /** No more comes; else a part of it may be missing yet. */
  readonly isEnded: boolean
}

export type ScreenChange = {
  /** That have changed, in the order in which they were whole. */
  readonly rows: readonly ScreenRow[]
  /** The cursor's row; `null` in a frame that is not at its end. */
  readonly open: ScreenRow | null
  /** Lines were written below one another, and not over what was there. */
  readonly hasLines: boolean
  /** All that was written has gone to the end of the cursor's row. */
  readonly isAppended: boolean
}

/** A row that was only ever written to its end is a text; any other has cells. */
type Row = {
  text: string
  cells: string[] | null
  isChanged: boolean
  shown: string
  isOver: boolean
  /** Written where nothing was, and not left by a line feed yet. */
  isFresh: boolean
  /** The cursor has left it since it was written. */
  isLeft: boolean
}

const emptyRow = (): Row => ({
  text: '',
  cells: null,
  isChanged: false,
  shown: '',
  isOver: false,
  isFresh: false,
  isLeft: false,
})

const textOf = ({ text, cells }: Row): string => (cells?.join('') ?? text).trimEnd()

const cellsOf = (row: Row): string[] => {
  row.cells ??= [...row.text]
  return row.cells
}

export class ScreenRows {
  #size: ScreenSize = NO_TERMINAL
  #rows: Row[] = [emptyRow()]
  #row = 0
  #column = 0
  #saved = { row: 0, column: 0 }
  /** Of the part that scrolls; a bottom of 0 is that of the screen. */
  #region = { top: 0, bottom: 0 }
  #reported: ScreenRow[] = []
  #hasLines = false
  #isAppended = true
  #isFrameOpen = false
  #framesWrites = 0

  resize(size: ScreenSize): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return
    this.#size = size
    this.#region = { top: 0, bottom: 0 }
    const tooMany = this.#rows.length - size.rows
    if (tooMany <= 0) return
    this.#rows.splice(0, tooMany)
    this.#row = Math.max(0, this.#row - tooMany)
  }

  /** From the top. */
  get texts(): readonly string[] {
    return this.#rows.map(textOf)
  }

  /** @param text without strings like titles, and without a sequence that is not whole */
  write(text: string): ScreenChange {
    this.#reported = []
    this.#hasLines = false
    this.#isAppended = true
    for (const match of text.matchAll(TOKENS)) this.#apply(match)
    this.#framesWrites = this.#isFrameOpen ? this.#framesWrites + 1 : 0
    if (this.#framesWrites > FRAME_WRITES) this.#isFrameOpen = false
    if (!this.#isFrameOpen) this.#reportDrawn()
    return {
      rows: this.#reported,
      open: this.#isFrameOpen
        ? null
        : { text: textOf(this.#current), isOver: this.#current.isOver, isEnded: false },
      hasLines: this.#hasLines,
      isAppended: this.#isAppended,
    }
  }

  get #current(): Row {
    while (this.#rows.length <= this.#row) this.#rows.push(emptyRow())
    return this.#rows[this.#row] as Row
  }

  get #bottom(): number {
    return this.#region.bottom > 0 ? this.#region.bottom : this.#size.rows - 1
  }

  #report(row: Row, isEnded = true): void {
    if (!row.isChanged) return
    row.isChanged = false
    const text = textOf(row)
    if (text === row.shown || text === '') return
    row.shown = text
    this.#reported.push({ text, isOver: row.isOver, isEnded })
  }

  #reportDrawn(): void {
    const current = this.#current
    for (const row of this.#rows) if (row !== current) this.#report(row, false)
  }

  /** In a frame nothing is whole before its end. */
  #reportWhole(row: Row): void {
    if (!this.#isFrameOpen) this.#report(row)
  }

  #apply([token, parameters, final, escaped]: RegExpMatchArray): void {
    if (final !== undefined) this.#control(final, parameters ?? '')
    else if (escaped !== undefined) this.#escape(escaped)
    else if (token === '\n' || token === '\v' || token === '\f')
      this.#lineFeed(this.#size === NO_TERMINAL ? 0 : this.#column)
    else if (token === '\r') this.#carriageReturn()
    else if (token === '\b') this.#moveTo(this.#row, this.#column - 1)
    else if (token === '\t') this.#moveTo(this.#row, (Math.floor(this.#column / TAB) + 1) * TAB)
    else if (token >= ' ' && token !== '\x7f') this.#print(token)
  }

  #carriageReturn(): void {
    this.#isAppended = false
    const row = this.#current
    if (this.#column > 0) this.#reportWhole(row)
    this.#column = 0
  }

  #lineFeed(column: number): void {
    this.#isAppended = false
    const row = this.#current
    row.isLeft = true
    this.#hasLines ||= row.isFresh
    row.isFresh = false
    this.#reportWhole(row)
    if (this.#row === this.#bottom) this.#scroll(1)
    else this.#row = Math.min(this.#size.rows - 1, this.#row + 1)
    this.#column = column
  }

  #print(text: string): void {
    if (PLAIN.test(text) && this.#append(text)) return
    for (const character of text) {
      if (character <= '~') this.#put(character, 1)
      else if (ZERO_WIDTH.test(character)) this.#combine(character)
      else this.#put(character, WIDE.test(character) ? 2 : 1)
    }
  }

  /** @returns whether it is a text that goes on at its end, and fits */
  #append(text: string): boolean {
    const row = this.#current
    if (row.cells !== null || row.text.length !== this.#column) return false
    const fits = this.#column + text.length <= this.#size.columns
    if (!fits && this.#size !== NO_TERMINAL) return false
    this.#change(row)
    row.text = fits ? row.text + text : (row.text + text).slice(-KEPT_CHARACTERS)
    this.#column = row.text.length
    return true
  }

  #combine(character: string): void {
    if (this.#column === 0) return
    const cells = cellsOf(this.#current)
    cells[this.#column - 1] = `${cells[this.#column - 1] ?? ''}${character}`
  }

  #put(character: string, width: number): void {
    if (this.#column + width > this.#size.columns) this.#lineFeed(0)
    const row = this.#current
    const cells = cellsOf(row)
    if (cells.length !== this.#column) this.#isAppended = false
    this.#change(row)
    while (cells.length < this.#column) cells.push(' ')
    cells[this.#column] = character
    if (width === 2) cells[this.#column + 1] = ''
    this.#column += width
  }

  /** To be called before the change. */
  #change(row: Row): void {
    if (row.isLeft) this.#reportWhole(row)
    row.isLeft = false
    if (!row.isChanged) {
      row.isOver = row.shown !== ''
      row.isFresh ||= !row.isOver
    }
    row.isChanged = true
  }

  #moveTo(row: number, column: number): void {
    this.#isAppended = false
    const target = Math.max(0, Math.min(this.#size.rows - 1, row))
    if (target !== this.#row) this.#current.isLeft = true
    else if (column <= 0 && this.#column > 0) this.#reportWhole(this.#current)
    this.#row = target
    this.#column = Math.max(0, Math.min(this.#size.columns - 1, column))
  }

  #escape(letter: string): void {
    if (letter === '7') this.#saved = { row: this.#row, column: this.#column }
    else if (letter === '8') this.#moveTo(this.#saved.row, this.#saved.column)
    else if (letter === 'c') this.#eraseInScreen(2)
    else if (letter === 'M') {
      if (this.#row === this.#region.top) this.#scroll(-1)
      else this.#moveTo(this.#row - 1, this.#column)
    } else this.#lineFeed(letter === 'E' ? 0 : this.#column)
  }

  #control(final: string, parameters: string): void {
    if (final === 'h' || final === 'l') this.#mode(parameters, final === 'h')
    if (/^[<=>?]/.test(parameters)) return
    const [first = 0, second = 0] = parameters.split(';').map((part) => Number.parseInt(part, 10) || 0)
    const target = this.#target(final, first, second)
    if (target === null) this.#edit(final, first, second)
    else this.#moveTo(...target)
  }

  #mode(parameters: string, isSet: boolean): void {
    if (ALTERNATE_SCREEN.test(parameters)) this.#eraseInScreen(2)
    if (parameters !== FRAME) return
    this.#isFrameOpen = isSet
    if (!isSet) this.#reportDrawn()
  }

  /** Where the cursor is put, row first; `null` when it is no move. */
  #target(final: string, first: number, second: number): readonly [number, number] | null {
    const count = Math.max(1, first)
    const row = this.#row
    const column = this.#column
    switch (final) {
      case 'A':
        return [row - count, column]
      case 'B':
        return [row + count, column]
      case 'C':
        return [row, column + count]
      case 'D':
        return [row, column - count]
      case 'E':
        return [row + count, 0]
      case 'F':
        return [row - count, 0]
      case 'G':
      case '`':
        if (count === 1) this.#carriageReturn()
        return [row, count - 1]
      case 'd':
        return [count - 1, column]
      case 'H':
      case 'f':
        return [count - 1, Math.max(1, second) - 1]
      case 'u':
        return [this.#saved.row, this.#saved.column]
      default:
        return null
    }
  }

  #edit(final: string, first: number, second: number): void {
    const count = Math.max(1, first)
    if (final === 's') this.#saved = { row: this.#row, column: this.#column }
    else if (final === 'K') this.#eraseInRow(first)
    else if (final === 'J') this.#eraseInScreen(first)
    else if (final === 'P') this.#edited((cells) => cells.splice(this.#column, count))
    else if (final === 'X') this.#edited((cells) => cells.fill(' ', this.#column, this.#column + count))
    else if (final === '@') this.#insert(Math.min(count, this.#size.columns))
    else if (final === 'L') this.#shift(this.#row, -count)
    else if (final === 'M') this.#shift(this.#row, count)
    else if (final === 'S') this.#scroll(count)
    else if (final === 'T') this.#scroll(-count)
    else if (final === 'r') this.#setRegion(first, second)
  }

  #insert(count: number): void {
    this.#edited((cells) => cells.splice(this.#column, 0, ...Array<string>(count).fill(' ')))
  }

  #setRegion(first: number, last: number): void {
    const bottom = last > 0 ? Math.min(last, this.#size.rows) - 1 : 0
    this.#region = { top: Math.max(0, first - 1), bottom }
    this.#moveTo(0, 0)
  }

  #edited(edit: (cells: string[]) => void): void {
    this.#isAppended = false
    const row = this.#current
    this.#change(row)
    edit(cellsOf(row))
  }

  #eraseInRow(what: number): void {
    if (what === 2 || this.#column === 0) this.#reportWhole(this.#current)
    this.#edited((cells) => {
      if (what === 1) cells.fill(' ', 0, this.#column + 1)
      else cells.length = what === 0 ? Math.min(cells.length, this.#column) : 0
    })
  }

  #eraseInScreen(what: number): void {
    if (what < 2) this.#eraseInRow(what)
    const from = what === 0 ? this.#row + 1 : 0
    const to = what === 1 ? this.#row : this.#rows.length
    for (const row of this.#rows.slice(from, to)) this.#erase(row)
  }

  /** What is drawn there next is a change only if it differs from what was shown. */
  #erase(row: Row): void {
    this.#isAppended = false
    this.#reportWhole(row)
    this.#change(row)
    row.text = ''
    row.cells = null
  }

  #scroll(count: number): void {
    this.#shift(this.#region.top, count)
  }

  /** Rows from here to the end of the part that scrolls move up, or down for a negative count. */
  #shift(from: number, count: number): void {
    const bottom = this.#bottom
    if (from > bottom) return
    while (this.#rows.length <= bottom) this.#rows.push(emptyRow())
    for (let n = 0; n < Math.min(Math.abs(count), this.#size.rows); n += 1) {
      const [gone] = this.#rows.splice(count > 0 ? from : bottom, 1)
      if (gone !== undefined) this.#report(gone)
      this.#rows.splice(count > 0 ? bottom : from, 0, emptyRow())
    }
  }
}
