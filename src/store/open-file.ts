/** Opens a file of a session for reading, whatever kind of file is there. */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { hasCode, shortReason } from '../core/system-error.ts'

export type Opened =
  | { readonly kind: 'file'; readonly fd: number; readonly size: number }
  | { readonly kind: 'none' }
  /** `reason` follows the file's name in a message: "is a directory". */
  | { readonly kind: 'problem'; readonly reason: string }

/** Follows no link, and does not wait for the writer of a FIFO. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const problem = (reason: string): Opened => ({ kind: 'problem', reason })

const REASONS: Readonly<Record<string, string>> = {
  ELOOP: 'is a symbolic link, which is not followed',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ENXIO: 'is a socket or a device, not a file',
  ENOTDIR: 'is not there: something else lies in place of its directory',
}

export const reasonOf = (error: unknown): string => {
  const code = shortReason(error)
  return REASONS[code] ?? `cannot be read (${code})`
}

export const notAFile = (stats: Stats): string =>
  stats.isDirectory() ? 'is a directory' : 'is a pipe, socket or device, not a file'

/** The caller closes `fd`. Never throws, never hangs. */
export const openFile = (path: string): Opened => {
  let fd: number
  try {
    fd = openSync(path, READ_FLAGS)
  } catch (error) {
    return hasCode(error, 'ENOENT') ? { kind: 'none' } : problem(reasonOf(error))
  }
  try {
    const stats = fstatSync(fd)
    if (stats.isFile()) return { kind: 'file', fd, size: stats.size }
    closeSync(fd)
    return problem(notAFile(stats))
  } catch (error) {
    closeSync(fd)
    return problem(reasonOf(error))
  }
}
