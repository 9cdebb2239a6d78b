/** Digests of files, with a bound on how much is read. */
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { createHash } from './hash.ts'

/** What a file is: enough to tell whether it is the same as at another look. */
export type FileContent = {
  /** Size, times and inode; `null` when it was changed so recently that another change may not show in them. */
  readonly stat: string | null
  /** A digest; `null` when there was too much to read. */
  readonly digest: string | null
}

const CHUNK_BYTES = 1024 ** 2
/** A file system's clock may stand still for so long. */
const RACY_MILLISECONDS = 100
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const GONE: FileContent = { stat: null, digest: 'gone' }

const statOf = (stats: BigIntStats): string | null => {
  const changed = Number(stats.ctimeNs > stats.mtimeNs ? stats.ctimeNs : stats.mtimeNs) / 1e6
  if (changed > Date.now() - RACY_MILLISECONDS) return null
  return [stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs, stats.ino].join(' ')
}

const digestOfFile = (path: Buffer, mode: bigint): string => {
  const hash = createHash('sha1').update(`${mode} `)
  const fd = openSync(path, READ_FLAGS)
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let count = 1; count > 0; ) {
      count = readSync(fd, buffer)
      hash.update(buffer.subarray(0, count))
    }
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}

export class FileReader {
  readonly #isIgnored: (device: bigint, inode: bigint) => boolean
  /** Bytes that may still be read. */
  #left: number

  constructor(maxBytes: number, isIgnored: (device: bigint, inode: bigint) => boolean) {
    this.#left = maxBytes
    this.#isIgnored = isIgnored
  }

  get left(): number {
    return this.#left
  }

  /** @param known what it was at the last look: it is not read again when its times are the same @returns `null` when it is to be ignored */
  read(path: Buffer, known: FileContent | undefined): FileContent | null {
    try {
      const stats = lstatSync(path, { bigint: true })
      if (this.#isIgnored(stats.dev, stats.ino)) return null
      const stat = statOf(stats)
      if (known !== undefined && stat !== null && known.stat === stat) return known
      if (stats.isSymbolicLink()) return { stat, digest: `link ${readlinkSync(path, 'latin1')}` }
      if (!stats.isFile()) return { stat, digest: `no file ${stats.mode} ${stats.ino}` }
      if (Number(stats.size) > this.#left) return { stat, digest: null }
      this.#left -= Number(stats.size)
      // Read as far as it goes: it may grow meanwhile, and the next look tells.
      return { stat, digest: digestOfFile(path, stats.mode) }
    } catch {
      return GONE
    }
  }
}
