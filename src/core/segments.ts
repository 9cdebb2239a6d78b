/**
 * How the output of an iteration is stored on disk: in segments, each a file named by the iteration and the offset of
 * its first byte in all that the iteration has printed. Pure.
 *
 * The first segment is the head, half of `--log-limit`; behind it come tail segments of a quarter, and a new one after
 * every hole that a full disk makes. The oldest of them is removed when they hold more than half of the limit. So
 * what is missing needs no book-keeping: it is where one segment's end is not the next one's start.
 */
export type Segment = { readonly iteration: number; readonly offset: number }

const NAME = /^([1-9]\d{0,14})\.(0|[1-9]\d{0,15})\.log$/

export const segmentName = ({ iteration, offset }: Segment): string => `${iteration}.${offset}.log`

/** `null` when it is not the name of a segment. */
export const parseSegmentName = (name: string): Segment | null => {
  const [, iteration, offset] = NAME.exec(name) ?? []
  return offset === undefined ? null : { iteration: Number(iteration), offset: Number(offset) }
}

/** Smaller segments would be more file names than contents. */
const MIN_SEGMENT_BYTES = 256

/** A disk that is full now and then leaves many small segments; no more than these are kept. */
export const MAX_TAIL_SEGMENTS = 64

/** The size at which a segment is full, in bytes. */
export const segmentBytes = (offset: number, logLimit: number): number =>
  Math.max(MIN_SEGMENT_BYTES, Math.floor(logLimit / (offset === 0 ? 2 : 4)))

/** How much is kept of what is behind the head, in bytes. */
export const tailBytes = (logLimit: number): number => 2 * segmentBytes(1, logLimit)

/** Those of one iteration, in order. @param names of the files in a run's directory */
export const segmentsOf = (names: readonly string[], iteration: number): readonly Segment[] =>
  names
    .flatMap((name) => parseSegmentName(name) ?? [])
    .filter((segment) => segment.iteration === iteration)
    .sort((a, b) => a.offset - b.offset)
