/**
 * Whether a pipe that this process writes to still has a reader, known also while it writes nothing: so that
 * `logs -f | head -1` ends when `head` does.
 *
 * A write would fail, but there may be nothing to write; poll(2) would report it, but Node polls only what it reads. So
 * the process at the other end is looked for in /proc, once, and after that it is one link to read.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { codeOf, hasCode } from '../core/system-error.ts'

const O_ACCMODE = 3
const O_WRONLY = 1

const isReading = (descriptor: string): boolean => {
  const [pid, fd] = descriptor.split('/fd/')
  const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`${pid}/fdinfo/${fd}`, 'latin1'))?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & O_ACCMODE) !== O_WRONLY
}

const descriptorsOf = (pid: string): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`)
  } catch {
    return [] // Gone, or another user's.
  }
}

const readerIn = (pid: string, pipe: string): string | null =>
  descriptorsOf(pid).find((place) => {
    try {
      return readlinkSync(place) === pipe && isReading(place)
    } catch {
      return false // Closed meanwhile.
    }
  }) ?? null

/** A descriptor that reads from the pipe, as a path in /proc. */
const findReader = (pipe: string): string | null => {
  for (const pid of readdirSync('/proc')) {
    const found = /^\d+$/.test(pid) ? readerIn(pid, pipe) : null
    if (found !== null) return found
  }
  return null
}

const stillLeadsTo = (descriptor: string, pipe: string): boolean => {
  try {
    return readlinkSync(descriptor) === pipe
  } catch (error) {
    // A reader that has become another user's, as sudo does, hides what it reads.
    return codeOf(error) !== null && !hasCode(error, 'ENOENT')
  }
}

/** As often a process is looked through that has had the pipe a moment ago. */
const LOOKS_AT_MOVER = 50

/**
 * Where the pipe is now that `place` does not lead to it any more. One look is no proof that it is nowhere: a process
 * that moves it to another descriptor, as a shell does, or hands it to a child and ends, can be passed over by it.
 */
const findReaderAgain = (pipe: string, place: string): string | null => {
  const [, , pid = ''] = place.split('/')
  for (let look = 0; look < LOOKS_AT_MOVER; look += 1) {
    const found = readerIn(pid, pipe)
    if (found !== null) return found
  }
  return findReader(pipe) ?? findReader(pipe)
}

/** open(2) of a named pipe lets a writer through before the reader has its descriptor: so many looks find it later. */
const FIRST_LOOKS = 20

/** The pipe behind a descriptor, as /proc names it; `null` for what is no pipe, and where there is no /proc. */
const pipeOf = (fd: number): string | null => {
  try {
    return fstatSync(fd).isFIFO() ? readlinkSync(`/proc/self/fd/${fd}`) : null
  } catch {
    return null
  }
}

/**
 * @returns a function that says true when a reader was there and none is any more; false when it cannot be known, as
 *   for a reader of another user's, for what is no pipe, and where there is no /proc
 */
export const watchReader = (fd: number): (() => boolean) => {
  const pipe = pipeOf(fd)
  if (pipe === null) return () => false
  let reader = findReader(pipe)
  let firstLooks = 1
  let isGone = false
  const isThere = (): boolean => {
    if (reader === null) {
      if (firstLooks >= FIRST_LOOKS) return true
      firstLooks += 1
      reader = findReader(pipe)
      return true
    }
    if (stillLeadsTo(reader, pipe)) return true
    reader = findReaderAgain(pipe, reader)
    return reader !== null
  }
  return () => {
    isGone ||= !isThere()
    return isGone
  }
}
