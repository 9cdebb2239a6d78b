/**
 * Text for people: width, colour, columns.
 *
 * Written straight to the descriptors: `process.stdout` costs 4 ms when it is first touched.
 */
import { writeSync } from 'node:fs'
import { eastAsianWidth } from 'get-east-asian-width'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { writeAll } from '../core/write-all.ts'
import { isTerminal } from '../process/terminal.ts'

export const STDOUT = 1
export const STDERR = 2

/** The reader has gone, the terminal is closed, or there was none from the start. */
const NO_READER = ['EPIPE', 'EIO', 'EBADF']

const PAUSE_MS = 5

/** Blocks the thread for a moment, until there may be room. */
export const pause = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
}

/**
 * @returns false when the reader is gone, which is no error
 * @throws LockError `io`, for a full disk
 */
export const writeBytes = (fd: number, bytes: Uint8Array): boolean => {
  try {
    writeAll(bytes, (rest) => writeSome(fd, rest))
    return true
  } catch (error) {
    // Nowhere to complain of an error of stderr.
    if (fd === STDERR || hasCode(error, ...NO_READER)) return false
    throw errors.io('the output could not be written', error)
  }
}

const writeSome = (fd: number, bytes: Uint8Array): number => {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) throw error
    // A pipe that another process has made non-blocking, and that is full.
    pause()
    return 0
  }
}

/** @throws LockError `io`, for a full disk; a reader that is gone is no error */
export const write = (fd: number, text: string): void => {
  writeBytes(fd, Buffer.from(text))
}

export type Style = 'red' | 'yellow' | 'green' | 'dim' | 'bold' | 'inverse'

/** util.styleText would cost 2 to 8 ms at its first call. */
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  dim: [2, 22],
  bold: [1, 22],
  inverse: [7, 27],
}

export type Terminal = {
  /** Infinite when it is not a terminal. */
  readonly columns: number
  paint(style: Style, text: string): string
}

export const terminalOf = (fd: number, env: Readonly<Record<string, string | undefined>>): Terminal => {
  const onTerminal = isTerminal(fd)
  const colours = env.NO_COLOR
    ? false
    : env.FORCE_COLOR
      ? env.FORCE_COLOR !== '0'
      : onTerminal && env.TERM !== 'dumb'
  return {
    columns: onTerminal
      ? (fd === STDOUT ? process.stdout.columns : process.stderr.columns) || 80
      : Number.POSITIVE_INFINITY,
    paint: (style, text) => (colours ? `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m` : text),
  }
}

/** Nearly all that is ever shown, and as wide as it is long: ASCII, and what we draw ourselves. */
const isNarrow = (text: string): boolean =>
  /^[ -~\u2580-\u259f\u2026\u2190-\u2193\u221e\u2500\u2502\u25b8\u25cb-\u25cf\u2717]*$/.test(text)

/** To make one takes longer than to use it on a line; only what needs it makes it. */
let segmenter: Intl.Segmenter | undefined

const segments = (text: string): readonly string[] => {
  segmenter ??= new Intl.Segmenter()
  return [...segmenter.segment(text)].map(({ segment }) => segment)
}

const characters = (text: string): readonly string[] => (isNarrow(text) ? [...text] : segments(text))

/** Two regional indicators, which are a flag, and what is shown as an emoji or a key by what follows it. */
const TWO_COLUMNS = /^[\u{1f1e6}-\u{1f1ff}]{2}|\ufe0f|\u20e3/u

/** string-width knows some more sequences; its expression for emoji takes 60 ms to compile. */
const widthOfCharacter = (character: string): number => {
  if (TWO_COLUMNS.test(character)) return 2
  return /^\p{M}/u.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0)
}

/** Terminal columns; the text has no control characters, see `printable`. */
export const widthOf = (text: string): number =>
  isNarrow(text)
    ? text.length
    : characters(text).reduce((sum, character) => sum + widthOfCharacter(character), 0)

/** As many pieces on a line as fit; one that is wider than a line stays whole. */
export const fillLines = (
  pieces: readonly string[],
  separator: string,
  columns: number,
): readonly string[] => {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    const longer = last === undefined || last === '' ? piece : `${last}${separator}${piece}`
    if (last !== undefined && (last === '' || widthOf(longer) <= columns)) lines[lines.length - 1] = longer
    else lines.push(piece)
  }
  return lines
}

/** Lines of whole words. */
export const wrapWords = (text: string, columns: number): readonly string[] =>
  fillLines(text.split(' '), ' ', columns)

export const truncate = (text: string, columns: number): string => {
  if (isNarrow(text)) return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`
  if (widthOf(text) <= columns) return text
  let width = 0
  let kept = ''
  for (const character of characters(text)) {
    width += widthOfCharacter(character)
    if (width > columns - 1) break
    kept += character
  }
  return `${kept}…`
}

export type Cell = { readonly text: string; readonly style?: Style }

const GAP = '  '

/** Columns as wide as their widest cell; the last one takes what is left of the terminal, and is cut there. */
export const table = (
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  terminal: Terminal,
): string => {
  const last = header.length - 1
  // Measured once for each cell: a list may have thousands. The last column is as wide as it is.
  const measured = rows.map((row) => row.map(({ text }, column) => (column < last ? widthOf(text) : 0)))
  const widths = header
    .slice(0, last)
    .map((title, column) =>
      measured.reduce((widest, row) => Math.max(widest, row[column] ?? 0), title.length),
    )
  const before = widths.reduce((sum, width) => sum + width + GAP.length, 0)
  const room = Math.max(20, terminal.columns - before)

  const line = (cells: readonly Cell[], cellWidths: readonly number[]): string => {
    let output = ''
    for (let column = 0; column <= last; column += 1) {
      const { text, style } = cells[column] ?? { text: '' }
      const shown = column === last && room < Number.POSITIVE_INFINITY ? truncate(text, room) : text
      output += style === undefined ? shown : terminal.paint(style, shown)
      if (column < last) output += ' '.repeat((widths[column] ?? 0) - (cellWidths[column] ?? 0) + GAP.length)
    }
    return output
  }
  const titles = header.map((text) => ({ text, style: 'dim' as const }))
  return [
    line(
      titles,
      header.map((title) => title.length),
    ),
    ...rows.map((row, index) => line(row, measured[index] ?? [])),
    '',
  ].join('\n')
}
