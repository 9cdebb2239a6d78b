/** The end of what an iteration has printed, as lines for a person. */
import { stripVTControlCharacters } from 'node:util'
import { outputOf, readFrom, startOfLastLines } from './output.ts'
import type { SessionPaths } from './paths.ts'

/** Lines may be long; their end is what matters. */
const MAX_BYTES = 64 * 1024

/** What a terminal would show of a line that was redrawn many times. */
const lastDrawn = (line: string): string => line.replace(/\r+$/, '').replace(/^.*\r/s, '')

/** Without colours and the like. None when nothing is kept, or it cannot be read. */
export const lastOutputLines = (
  paths: SessionPaths,
  { generation, iteration }: { readonly generation: number; readonly iteration: number },
  count: number,
): readonly string[] => {
  const segments = outputOf(paths, generation)?.iterations.get(iteration) ?? []
  const chunks: Buffer[] = []
  for (const piece of readFrom(segments, startOfLastLines(segments, count)))
    if (piece.kind === 'bytes') chunks.push(Buffer.from(piece.bytes.subarray(-MAX_BYTES)))
  const text = Buffer.concat(chunks).subarray(-MAX_BYTES).toString('utf8')
  const lines = stripVTControlCharacters(text).split('\n').map(lastDrawn)
  while (lines.at(-1) === '') lines.pop()
  return lines.slice(-count)
}
