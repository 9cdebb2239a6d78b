import { closeSync, constants, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import writeFileAtomic, { type Options } from 'write-file-atomic'

/** `false` saves a stat(2) of the old file; the library accepts it, its types do not. */
const KEEP_OWNER = false as unknown as NonNullable<Options['chown']>

/** Replaces a file whole, private to this user. `durable` waits until contents and name are on the disk. */
export const replaceFile = (path: string, text: string, durable: boolean): void => {
  writeFileAtomic.sync(path, text, { mode: 0o600, chown: KEEP_OWNER, fsync: durable })
  if (!durable) return
  const directory = openSync(dirname(path), constants.O_RDONLY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
