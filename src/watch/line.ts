/** A line in pieces of one style each, so that it can be measured and cut before it is painted. Pure. */
import { type Style, type Terminal, truncate, widthOf } from '../cli/terminal.ts'

export type Piece = {
  readonly text: string
  readonly style?: Style
  /** Its colours are its own, and its width has been seen to. */
  readonly isPainted?: true
}

export type Line = readonly Piece[]

export const plain = (text: string, style?: Style): Piece =>
  style === undefined ? { text } : { text, style }

export const padded = (text: string, columns: number): string => {
  const cut = truncate(text, columns)
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)))
}

/** Cut, and filled up with blanks, to be exactly so wide. Not for painted pieces. */
export const cell = (line: Line, columns: number): Line => {
  const cut = fitting(line, columns)
  const width = cut.reduce((sum, { text }) => sum + widthOf(text), 0)
  return width < columns ? [...cut, plain(' '.repeat(columns - width))] : cut
}

const fitting = (line: Line, columns: number): Line => {
  let room = columns
  return line.flatMap((piece): Line => {
    if (piece.isPainted === true) return [piece]
    if (room <= 0) return []
    const text = truncate(piece.text, room)
    room -= widthOf(text)
    return [{ ...piece, text }]
  })
}

export const lineOf = (line: Line, columns: number, paint: Terminal['paint']): string =>
  fitting(line, columns)
    .map((piece) =>
      piece.isPainted === true || piece.style === undefined ? piece.text : paint(piece.style, piece.text),
    )
    .join('')
