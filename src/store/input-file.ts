/** The file that a worker reads as its standard input (`--stdin`). */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { errors } from '../core/errors.ts'
import { hasCode } from '../core/system-error.ts'
import { notAFile, reasonOf } from './open-file.ts'

/** A FIFO in its place is opened without waiting, and refused. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

export type InputFile =
  | { readonly kind: 'open'; readonly fd: number }
  /** `reason` follows the path: `is not there`. */
  | { readonly kind: 'problem'; readonly path: string; readonly reason: string }

/** @param cwd what a relative path starts from @returns a descriptor at the start of the file, which the caller closes */
export const openInput = (file: string, cwd: string): InputFile => {
  const path = resolve(cwd, file)
  let fd: number
  try {
    fd = openSync(path, FLAGS)
  } catch (error) {
    return { kind: 'problem', path, reason: hasCode(error, 'ENOENT') ? 'is not there' : reasonOf(error) }
  }
  const stats = fstatSync(fd)
  if (stats.isFile() || stats.isCharacterDevice()) return { kind: 'open', fd }
  closeSync(fd)
  return { kind: 'problem', path, reason: notAFile(stats) }
}

/** @throws LockError `missing` when it cannot be read now */
export const checkInput = (file: string, cwd: string): void => {
  const input = openInput(file, cwd)
  if (input.kind === 'problem') throw errors.noInput(input.path, input.reason)
  closeSync(input.fd)
}

/** Of a longer prompt the rest is not looked for in the output. */
const MAX_TEXT_BYTES = 1024 ** 2

/** Its text, as far as it is short; `null` when it cannot be read. */
export const inputText = (file: string, cwd: string): string | null => {
  const input = openInput(file, cwd)
  if (input.kind === 'problem') return null
  try {
    if (!fstatSync(input.fd).isFile()) return null
    const buffer = Buffer.allocUnsafe(MAX_TEXT_BYTES)
    let length = 0
    for (let count = 1; count > 0 && length < buffer.length; length += count)
      count = readSync(input.fd, buffer, length, buffer.length - length, length)
    return buffer.toString('utf8', 0, length)
  } catch {
    return null
  } finally {
    closeSync(input.fd)
  }
}
