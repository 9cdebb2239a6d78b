/**
 * The output of an iteration that has ended before there was a guard: the owner keeps it and shows it itself, as a guard
 * takes longer to start than such an iteration lasts. Never waits: what finds no room where it is shown is left to a guard.
 */
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { hasCode, shortReason } from '../core/system-error.ts'
import { openNonBlocking } from '../process/non-blocking.ts'

/** As much as a pipe holds: something that goes on writing is a guard's business. */
const MAX_BYTES = 64 * 1024

const NOTHING = new Uint8Array()

export type ShortStream = {
  /** Does not block. */
  readonly reader: number
  /** A descriptor of this process. */
  readonly show: number | null
}

export type Taken = {
  /** Whether nothing is left to be read now, or to be shown. */
  readonly isAll: boolean
  /** Whether nobody has any of them open for writing. */
  readonly isClosed: boolean
  /** Kept, and not yet shown; for each stream. */
  readonly unshown: readonly Uint8Array[]
  /** Where nothing can be shown any more, and the system's code. */
  readonly gone: readonly { readonly fd: number; readonly reason: string }[]
}

/** `more`: it was not read to its end; `open`: somebody may write to it. */
type ReadTo = 'more' | 'open' | 'closed'

const readAll = (fd: number): { readonly bytes: Uint8Array; readonly to: ReadTo } => {
  const buffer = Buffer.allocUnsafe(MAX_BYTES)
  let length = 0
  try {
    while (length < MAX_BYTES) {
      const count = readSync(fd, buffer, length, MAX_BYTES - length, null)
      if (count === 0) return { bytes: buffer.subarray(0, length), to: 'closed' }
      length += count
    }
    return { bytes: buffer, to: 'more' }
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) throw error
    return { bytes: buffer.subarray(0, length), to: 'open' }
  }
}

/** A write to a file does not wait. Of anything else (a socket) that cannot be said without a descriptor of its own. */
const openTarget = (fd: number): { readonly fd: number; readonly isOwn: boolean } | null => {
  const own = openNonBlocking(fd, process.platform)
  if (own !== null) return { fd: own, isOwn: true }
  return fstatSync(fd).isFile() ? { fd, isOwn: false } : null
}

/** @returns what found no room @throws the system's error when it cannot be written at all */
const show = (bytes: Uint8Array, fd: number): Uint8Array => {
  const target = openTarget(fd)
  if (target === null) return bytes
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(target.fd, bytes, written)
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) throw error
  } finally {
    if (target.isOwn) closeSync(target.fd)
  }
  return bytes.subarray(written)
}

/** @param keep writes to the disk */
export const takeShortOutput = (
  streams: readonly ShortStream[],
  keep: (bytes: Uint8Array) => void,
): Taken => {
  const gone: { fd: number; reason: string }[] = []
  const ends: ReadTo[] = []
  const unshown = streams.map(({ reader, show: target }) => {
    const { bytes, to } = readAll(reader)
    ends.push(to)
    if (bytes.length === 0) return bytes
    keep(bytes)
    if (target === null) return NOTHING
    try {
      return show(bytes, target)
    } catch (error) {
      gone.push({ fd: target, reason: shortReason(error) })
      return NOTHING
    }
  })
  return {
    isAll: !ends.includes('more') && unshown.every(({ length }) => length === 0),
    isClosed: ends.every((to) => to === 'closed'),
    unshown,
    gone,
  }
}
