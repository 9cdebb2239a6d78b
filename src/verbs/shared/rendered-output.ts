/**
 * What a terminal has of a program's output: its scroll-back and its screen, as lines of plain text. A full-screen
 * program's bytes cannot be searched, because it writes a word here and there.
 */
import type { Terminal } from '@xterm/headless'

type Size = { readonly columns: number; readonly rows: number }

/** Enough for a day of an agent; a terminal keeps a twentieth of that. */
const SCROLL_BACK_LINES = 100_000
const SLICE_BYTES = 1024 ** 2
const SMALLEST: Size = { columns: 80, rows: 24 }
const LARGEST: Size = { columns: 500, rows: 300 }

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
const PLACE = /\x1b\[(\d{1,4});(\d{1,4})[Hf]/g
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */

/** Longer lines are not drawn for a width. */
const MAX_DRAWN = 300

/** The output does not say how large its terminal was: at least as large as what was drawn in it. */
export const sizeOf = (text: string): Size => {
  let { columns, rows } = SMALLEST
  for (const [, row, column] of text.matchAll(PLACE)) {
    rows = Math.max(rows, Number(row))
    columns = Math.max(columns, Number(column))
  }
  for (const line of text.replace(ESCAPES, '').split(/[\r\n]+/)) {
    const { length } = line
    if (length > columns && length <= MAX_DRAWN) columns = length
  }
  return { columns: Math.min(columns, LARGEST.columns), rows: Math.min(rows, LARGEST.rows) }
}

/** Lines that were wrapped are one again. */
const linesOf = ({ active }: Terminal['buffer']): readonly string[] => {
  const lines: string[] = []
  for (let index = 0; index < active.length; index += 1) {
    const line = active.getLine(index)
    const isWrapped = line?.isWrapped === true && lines.length > 0
    // A line that goes on in the next one has its blanks at the end.
    const goesOn = active.getLine(index + 1)?.isWrapped === true
    const text = line?.translateToString(!goesOn) ?? ''
    if (isWrapped) lines[lines.length - 1] += text
    else lines.push(text)
  }
  const trimmed = lines.map((line) => line.trimEnd())
  return trimmed.slice(0, trimmed.findLastIndex((line) => line !== '') + 1)
}

/** DEC modes that leave the alternate screen, and what was on it. */
const LEAVING: ReadonlySet<number> = new Set([47, 1047, 1049])

/** @param bytes as a program has written them */
export const renderOutput = async (bytes: Buffer): Promise<readonly string[]> => {
  const { Terminal: Emulator } = await import('@xterm/headless')
  const text = bytes.toString('utf8')
  const { columns: cols, rows } = sizeOf(text)
  // What went through a pipe has no carriage returns.
  const convertEol = !text.includes('\r\n')
  const terminal = new Emulator({
    cols,
    rows,
    scrollback: SCROLL_BACK_LINES,
    convertEol,
    allowProposedApi: true,
  })
  const left: string[] = []
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, (modes) => {
    const isLeaving = modes.some((mode) => typeof mode === 'number' && LEAVING.has(mode))
    if (isLeaving && terminal.buffer.active.type === 'alternate') left.push(...linesOf(terminal.buffer))
    return false
  })
  for (let start = 0; start < bytes.length; start += SLICE_BYTES)
    await new Promise<void>((resolve) => terminal.write(bytes.subarray(start, start + SLICE_BYTES), resolve))
  const shown = linesOf(terminal.buffer)
  terminal.dispose()
  return [...left, ...shown]
}
