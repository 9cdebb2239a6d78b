import type { Hash } from 'node:crypto'

/** `node:crypto` is loaded by the first hash, not with the program: that takes 3 to 6 ms, and most starts make none. */
export const createHash = (algorithm: 'sha1' | 'sha256'): Hash =>
  process.getBuiltinModule('node:crypto').createHash(algorithm)
