/** A line in pieces of one style each, so that it can be measured and cut before it is painted. Pure. */
import { type Style, type Terminal, truncate, widthOf } from '../cli/terminal.ts'

export type Piece = {
  readonly text: string
  readonly style?: Style
  /** Its colours are its own, and its width has been seen to. */
  readonly isPainted?: true
  /** Columns, once they are known: to measure costs more than all else. */
  readonly width?: number
}

export type Line = readonly Piece[]

export const plain = (text: string, style?: Style): Piece =>
  style === undefined ? { text } : { text, style }

export const padded = (text: string, columns: number): string => {
  const width = widthOf(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  const cut = truncate(text, columns)
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)))
}

/** Of a column of a table: cut, and filled up to be exactly so wide. */
export const fixed = (text: string, columns: number, style?: Style): Piece => ({
  ...plain(padded(text, columns), style),
  width: columns,
})

/** As a terminal shows it, cut to fit. Fifty lines of ten pieces are made each second: no piece is measured twice. */
export const lineOf = (line: Line, columns: number, paint: Terminal['paint']): string =>
  painted(line, columns, paint).text

/** Cut, and filled up with blanks, to be exactly so wide. Not for painted pieces. */
export const cell = (line: Line, columns: number, paint: Terminal['paint']): Piece => {
  const { text, width } = painted(line, columns, paint)
  return { text: text + ' '.repeat(Math.max(0, columns - width)), isPainted: true }
}

const painted = (line: Line, columns: number, paint: Terminal['paint']) => {
  let text = ''
  let width = 0
  for (const piece of line) {
    if (piece.isPainted === true) text += piece.text
    else if (width < columns) {
      const fits = fitting(piece, columns - width)
      width += fits.width
      text += piece.style === undefined ? fits.text : paint(piece.style, fits.text)
    }
  }
  return { text, width }
}

const fitting = (piece: Piece, columns: number): { readonly text: string; readonly width: number } => {
  const { text, width = widthOf(text) } = piece
  if (width <= columns) return { text, width }
  const cut = truncate(text, columns)
  return { text: cut, width: widthOf(cut) }
}
