/**
 * Whether anybody has written to a FIFO: its time of modification tells, without reading from it. Not every file system
 * keeps that time for a FIFO (overlayfs does not), so it is tried first.
 */
import { fstatSync, futimesSync, readSync, writeSync } from 'node:fs'

/** No clock is at it: a write at the same moment as another one would have the same time. */
const MARK_SECONDS = 1

export type FifoEnds = { readonly reader: number; readonly writer: number }

export type WriteWatch = {
  /** What is written from now on counts. */
  mark(): void
  /** Whether nobody has written since. */
  isUntouched(): boolean
}

/**
 * @param ends of an empty FIFO that nobody else has yet; the reader does not block
 * @returns `null` when it cannot be told here
 */
export const watchWrites = ({ reader, writer }: FifoEnds): WriteWatch | null => {
  const mark = (): void => futimesSync(reader, MARK_SECONDS, MARK_SECONDS)
  const isUntouched = (): boolean => fstatSync(reader).mtimeMs === MARK_SECONDS * 1000
  try {
    mark()
    if (!isUntouched()) return null
    writeSync(writer, '.')
    readSync(reader, new Uint8Array(1))
    if (isUntouched()) return null
    mark()
    return { mark, isUntouched }
  } catch {
    return null
  }
}
