/**
 * The output of iterations, read back: `NAME/runs/G/I.OFFSET.log`.
 *
 * An iteration's output is one stream of bytes, kept in segments; OFFSET is the place of a segment's first byte in
 * that stream. The last segment grows while the iteration runs, and whole segments disappear from the middle when
 * there is more than is to be kept. Bytes between two segments that are in neither are a gap. All of this may happen
 * while somebody reads, so a reader keeps a position in the stream, and never an offset in a file.
 */
import { closeSync, readdirSync, readSync, statSync } from 'node:fs'
import { parseSegmentName, type Segment as SegmentPlace } from '../core/segments.ts'
import { codeOf, hasCode } from '../core/system-error.ts'
import { openFile, reasonOf } from './open-file.ts'
import type { SessionPaths } from './paths.ts'

export type Segment = SegmentPlace & { readonly path: string }

/** In order; segments of one iteration. */
export type Segments = readonly Segment[]

/** What a run has on the disk. `problem`: why its directory cannot be read, else `null`. */
export type RunOutput = {
  readonly iterations: ReadonlyMap<number, Segments>
  readonly problem: string | null
}

const GENERATION = /^[1-9]\d{0,14}$/
export const isOutputFile = (entry: string): boolean => parseSegmentName(entry) !== null

/** `null`: there is no such directory. */
const entriesOf = (dir: string): readonly string[] | null | { readonly problem: string } => {
  try {
    return readdirSync(dir)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    return { problem: `${dir} ${hasCode(error, 'ENOTDIR') ? 'is not a directory' : reasonOf(error)}` }
  }
}

/** The generations that have a directory, the newest first. */
export const listRuns = (
  paths: SessionPaths,
): { readonly generations: readonly number[]; readonly problem: string | null } => {
  const entries = entriesOf(paths.runs)
  if (entries === null) return { generations: [], problem: null }
  if ('problem' in entries) return { generations: [], problem: entries.problem }
  const generations = entries.filter((entry) => GENERATION.test(entry)).map(Number)
  return { generations: generations.sort((a, b) => b - a), problem: null }
}

/** `null` when the run has no directory (any more). */
export const outputOf = (paths: SessionPaths, generation: number): RunOutput | null => {
  const dir = paths.run(generation)
  const entries = entriesOf(dir)
  if (entries === null) return null
  if ('problem' in entries) return { iterations: new Map(), problem: entries.problem }
  const iterations = new Map<number, Segment[]>()
  for (const entry of entries) {
    const named = parseSegmentName(entry)
    if (named === null) continue
    const { iteration } = named
    const segment = { path: `${dir}/${entry}`, ...named }
    const others = iterations.get(iteration)
    if (others === undefined) iterations.set(iteration, [segment])
    else others.push(segment)
  }
  for (const segments of iterations.values()) segments.sort((a, b) => a.offset - b.offset)
  return { iterations, problem: null }
}

/** A directory's time stamp may stand still for two changes that are this close to each other. */
const STAMP_MILLISECONDS = 1000

const stampOf = (dir: string): number => {
  try {
    return statSync(dir).mtimeMs
  } catch {
    return 0 // Not there, which the list says better.
  }
}

/**
 * For repeated calls: lists the directory only when it may have changed.
 *
 * @returns a function that gives the iterations as they are; `again` lists in any case
 */
export const watchOutput = (
  paths: SessionPaths,
  generation: number,
): ((how?: { readonly again: boolean }) => RunOutput['iterations']) => {
  const dir = paths.run(generation)
  let known: { readonly stamp: number; readonly isSettled: boolean; readonly output: RunOutput } | null = null
  return ({ again } = { again: false }) => {
    const stamp = stampOf(dir)
    if (again || known === null || !known.isSettled || known.stamp !== stamp) {
      const isSettled = Math.abs(Date.now() - stamp) > STAMP_MILLISECONDS
      const output = outputOf(paths, generation) ?? { iterations: new Map(), problem: null }
      known = { stamp, isSettled, output }
    }
    return known.output.iterations
  }
}

export type Piece =
  /** Valid until the next piece is asked for. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** This many bytes of the stream are not there. */
  | { readonly kind: 'gap'; readonly size: number }
  /** A segment that cannot be read; it is passed over. */
  | { readonly kind: 'problem'; readonly path: string; readonly reason: string }

const CHUNK_BYTES = 256 * 1024

/**
 * Reads on from a position of the stream to the end that it has now.
 *
 * @returns the new position
 */
export function* readFrom(segments: Segments, from: number): Generator<Piece, number, undefined> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let position = from
  for (const [index, { path, offset }] of segments.entries()) {
    // Those that are behind us need not be opened: the next one begins where they end, or before the position.
    if ((segments[index + 1]?.offset ?? Number.POSITIVE_INFINITY) <= position) continue
    const opened = openFile(path)
    // Removed since it was listed; the position of what comes next tells how much is missing.
    if (opened.kind === 'none') continue
    if (opened.kind === 'problem') {
      yield { kind: 'problem', path, reason: opened.reason }
      continue
    }
    try {
      if (offset > position) {
        yield { kind: 'gap', size: offset - position }
        position = offset
      }
      for (;;) {
        const count = readSync(opened.fd, buffer, 0, CHUNK_BYTES, position - offset)
        if (count === 0) break
        position += count
        yield { kind: 'bytes', bytes: buffer.subarray(0, count) }
      }
    } catch (error) {
      if (codeOf(error) === null) throw error
      yield { kind: 'problem', path, reason: reasonOf(error) }
    } finally {
      closeSync(opened.fd)
    }
  }
  return position
}

const NEWLINE = 0x0a

/** Of what is there now; the offset of a last segment that cannot be read. */
export const endOf = (segments: Segments): number => {
  const last = segments.at(-1)
  if (last === undefined) return 0
  const opened = openFile(last.path)
  if (opened.kind !== 'file') return last.offset
  closeSync(opened.fd)
  return last.offset + opened.size
}

/** Of all that an iteration has printed, as far as it is on the disk by now. */
export const outputBytes = (paths: SessionPaths, generation: number, iteration: number): number =>
  endOf(outputOf(paths, generation)?.iterations.get(iteration) ?? [])

/**
 * Looks backwards for newlines.
 *
 * @param to where to begin: the bytes before it count
 * @param wanted at least 1
 * @returns how many were found; `place` is behind the last of the wanted ones, and 0 when there are fewer
 */
const newlinesBefore = (fd: number, to: number, wanted: number): { found: number; position: number } => {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, to)))
  let found = 0
  let end = to
  while (end > 0) {
    const start = Math.max(0, end - buffer.length)
    const count = readSync(fd, buffer, 0, end - start, start)
    // Not lastIndexOf with a place of -1, which would look from the other end.
    for (let at = count; at > 0; ) {
      at = buffer.lastIndexOf(NEWLINE, at - 1)
      if (at < 0) break
      found += 1
      if (found === wanted) return { found, position: start + at + 1 }
    }
    end = start
  }
  return { found, position: 0 }
}

/**
 * The position in the stream where its last lines begin; reads backwards, and no more than it needs.
 *
 * A gap ends a line, and so does a segment that cannot be read.
 */
export const startOfLastLines = (segments: Segments, lines: number): number => {
  const end = endOf(segments)
  if (lines === 0) return end
  let wanted = lines
  /** Where what has been looked at begins. */
  let reached = end
  /** Nothing of the text before the next gap has been seen: a newline at its very end begins no line. */
  let atTextEnd = true
  for (const { path, offset } of segments.toReversed()) {
    const opened = openFile(path)
    if (opened.kind !== 'file') continue
    try {
      const length = Math.min(opened.size, reached - offset)
      if (length <= 0) continue
      if (offset + length < reached) {
        wanted -= 1
        if (wanted === 0) return reached
        atTextEnd = true
      }
      const { found, position } = newlinesBefore(opened.fd, atTextEnd ? length - 1 : length, wanted)
      if (found === wanted) return offset + position
      wanted -= found
      reached = offset
      atTextEnd = false
    } catch (error) {
      // Reading it forwards says why; what is before it is left out.
      if (codeOf(error) !== null) return reached
      throw error
    } finally {
      closeSync(opened.fd)
    }
  }
  return 0
}
