/**
 * Whether somebody still reads from a pipe that this process writes to, known also while it writes nothing: so that
 * `logs -f | head -1` ends when `head` does.
 *
 * A write would tell, but there may be nothing to write; poll(2) would tell, but Node polls only what it reads. So
 * the process at the other end is looked for in /proc, once, and after that it is one link to read.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

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

/** A descriptor that reads from the pipe, as a path in /proc. */
const findReader = (pipe: string): string | null => {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const descriptor of descriptorsOf(pid)) {
      try {
        if (readlinkSync(descriptor) === pipe && isReading(descriptor)) return descriptor
      } catch {
        // Closed meanwhile.
      }
    }
  }
  return null
}

const stillLeadsTo = (descriptor: string, pipe: string): boolean => {
  try {
    return readlinkSync(descriptor) === pipe
  } catch (error) {
    // A reader that has become another user's, as sudo does, hides what it reads.
    return error instanceof Error && 'code' in error && error.code !== 'ENOENT'
  }
}

/**
 * @returns a function that says true when a reader was there and none is any more; false when it cannot be known, as
 *   for a reader of another user's, for what is no pipe, and where there is no /proc
 */
export const watchReader = (fd: number): (() => boolean) => {
  const unknown = () => false
  let pipe: string
  let reader: string | null
  try {
    if (!fstatSync(fd).isFIFO()) return unknown
    pipe = readlinkSync(`/proc/self/fd/${fd}`)
    reader = findReader(pipe)
  } catch {
    return unknown
  }
  if (reader === null) return unknown
  let isGone = false
  return () => {
    if (isGone || (reader !== null && stillLeadsTo(reader, pipe))) return isGone
    reader = findReader(pipe)
    isGone = reader === null
    return isGone
  }
}
