/**
 * Whether a line of a pane is the echo of what somebody has typed, and not a word of the worker. Pure.
 *
 * The terminal itself writes the echo, so the pane alone does not tell. Two things do:
 *
 * - While the worker lives on: from the line on more has come than the processes of the worker have written since well
 *   before it, and the difference is as long as the line. Who writes to files or pipes, too, has written enough for
 *   everything, and then the line counts as its own.
 * - When the worker has ended too soon for that: it was blocked in a read of its terminal, and the line is the first thing
 *   that came after that. What it reads is echoed first.
 */
import type { Sighting } from './until-output.ts'

/** One look at the worker. Times are on the clock of the sightings. */
export type TerminalSample = {
  readonly at: number
  /** One of its processes is blocked in a read of the terminal. */
  readonly isReading: boolean
  /** By all of its processes, since they started; `null` when that cannot be seen. */
  readonly writtenBytes: number | null
  /** How long the output is. */
  readonly outputBytes: number
}

/** On its way through tmux a line takes this long at most, in seconds. */
const MAX_DELAY_SECONDS = 0.5
/** How long before a line a wait for input still has to do with it, in seconds. */
const READING_SECONDS = 3

/** How long samples are of use after they were taken, in seconds. */
export const SAMPLE_SECONDS = 10

export type Line = {
  readonly sighting: Sighting
  /** How long it is at least. */
  readonly bytes: number
  /** How many line ends are in a part of the output: to each the terminal has added a carriage return. */
  readonly lineEnds: (from: number, to: number) => number
}

const afterLine = ({ ended }: Sighting, samples: readonly TerminalSample[]): TerminalSample | undefined =>
  samples.find(({ at }) => at >= ended + MAX_DELAY_SECONDS)

/** `null` when it cannot be told. */
const hasMoreThanWritten = (
  { sighting, bytes, lineEnds }: Line,
  samples: readonly TerminalSample[],
): boolean | null => {
  const before = samples.findLast(({ at }) => at <= sighting.began - MAX_DELAY_SECONDS)
  const after = afterLine(sighting, samples)
  if (before?.writtenBytes == null || after?.writtenBytes == null) return null
  const written = after.writtenBytes - before.writtenBytes
  // A process has ended that nobody has waited for, and its count with it.
  if (written < 0) return null
  const came = after.outputBytes - sighting.fromByte - lineEnds(sighting.fromByte, after.outputBytes)
  return came - written >= bytes
}

const followsRead = ({ began, quietSince }: Sighting, samples: readonly TerminalSample[]): boolean =>
  samples.some(
    ({ at, isReading }) => isReading && at <= began && at >= began - READING_SECONDS && quietSince <= at,
  )

/** @param samples in order */
export const isTypedEcho = (line: Line, samples: readonly TerminalSample[]): boolean =>
  hasMoreThanWritten(line, samples) ?? followsRead(line.sighting, samples)

/** Whether another sample may change the answer. */
export const needsLaterSample = (sighting: Sighting, samples: readonly TerminalSample[]): boolean =>
  afterLine(sighting, samples) === undefined
