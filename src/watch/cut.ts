import { stripVTControlCharacters } from 'node:util'
import { widthOf } from '../cli/terminal.ts'

/** The beginning of a text that has colours of its own; a character that would stand across the edge is left out. */
export const cutter = async (): Promise<(text: string, columns: number) => string> => {
  const { default: sliceAnsi } = await import('slice-ansi')
  return (text, columns) => {
    const cut = sliceAnsi(text, 0, columns)
    return widthOf(stripVTControlCharacters(cut)) <= columns ? cut : sliceAnsi(text, 0, columns - 1)
  }
}
