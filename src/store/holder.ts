/**
 * Who holds a place or an exclusive path, in the lock file itself, for messages. Only the kernel lock says whether it is held;
 * the text stays when its writer lets go.
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { isObject, isText } from '../core/checks.ts'
import { isSessionName } from '../core/session-name.ts'
import { READ_FLAGS } from './open-file.ts'

/** What is written. `path`: what the lock stands for, when its name does not say it. */
export type HolderText = { readonly session: string; readonly path?: string }

/** A lock file, and the session that has locked it last, as far as that is known. */
export type LockFileHolder = { readonly file: string; readonly session: string | null }

/** A path has 4096 bytes at most, and JSON makes up to six of each. */
const MAX_BYTES = 32 * 1024

/** Only with the lock held. A full disk costs the words, not the lock. */
export const writeHolder = (fd: number, holder: HolderText): void => {
  try {
    const bytes = Buffer.from(`${JSON.stringify(holder)}\n`)
    writeSync(fd, bytes, 0, bytes.length, 0)
    ftruncateSync(fd, bytes.length)
  } catch {
    // The message names processes instead.
  }
}

export const holderOf = (file: string): LockFileHolder => {
  try {
    const fd = openSync(file, READ_FLAGS)
    try {
      const buffer = Buffer.alloc(MAX_BYTES)
      const value: unknown = JSON.parse(buffer.toString('utf8', 0, readSync(fd, buffer, 0, MAX_BYTES, 0)))
      const isKnown = isObject(value) && isText(value.session) && isSessionName(value.session)
      return { file, session: isKnown ? (value.session as string) : null }
    } finally {
      closeSync(fd)
    }
  } catch {
    return { file, session: null }
  }
}
