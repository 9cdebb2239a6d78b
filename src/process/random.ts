/** Random bytes of the system, without `node:crypto`: to load that takes longer than most of what a run does at its start. */
import { closeSync, openSync, readSync } from 'node:fs'

/** As hexadecimal digits, two for each byte. Good enough for secrets. */
export const randomHex = (bytes: number): string => {
  const buffer = Buffer.alloc(bytes)
  const fd = openSync('/dev/urandom', 'r')
  try {
    // The device gives up to 256 bytes whole.
    if (readSync(fd, buffer) !== bytes) throw new Error('/dev/urandom gave too little')
  } finally {
    closeSync(fd)
  }
  return buffer.toString('hex')
}
