import { closeSync, constants, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'

/** Replaces a file whole, private to this user. `durable` waits until contents and name are on the disk. */
export const replaceFile = (path: string, text: string, durable: boolean): void => {
  writeFileAtomic.sync(path, text, { mode: 0o600, fsync: durable })
  if (!durable) return
  const directory = openSync(dirname(path), constants.O_RDONLY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
