/** Random bytes of the system, without `node:crypto`: to load that takes longer than most of what a run does at its start. */
import { closeSync, openSync, readSync } from 'node:fs'

const randomBytes = (size: number): Buffer => {
  const buffer = Buffer.alloc(size)
  const fd = openSync('/dev/urandom', 'r')
  try {
    // The device gives up to 256 bytes whole.
    if (readSync(fd, buffer) !== size) throw new Error('/dev/urandom gave too little')
  } finally {
    closeSync(fd)
  }
  return buffer
}

/** As hexadecimal digits, two for each byte. Good enough for secrets. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex')

/** Of version 4, RFC 9562. */
export const randomUuid = (): string => {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
