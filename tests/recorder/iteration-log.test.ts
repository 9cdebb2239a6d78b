import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSegmentName, segmentName } from '../../src/core/segments.ts'
import { IterationLog } from '../../src/recorder/iteration-log.ts'
import { MAY_MOUNT, smallDisk } from '../fakes/small-disk.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const LIMIT = 4096
const HEAD = 2048
const TAIL = 1024

type Lost = { bytes: number; readonly reasons: string[] }

const openLog = (dir: string, limit = LIMIT, iteration = 1) => {
  const lost: Lost = { bytes: 0, reasons: [] }
  let mayOpen = true
  const log = new IterationLog(
    { dir, iteration, limit },
    {
      onLost(bytes, reason) {
        lost.bytes += bytes
        lost.reasons.push(reason)
      },
      mayOpen: () => mayOpen,
    },
  )
  const forbid = (): void => {
    mayOpen = false
  }
  return { log, lost, forbid }
}

/** The stream of an iteration: byte number n of it says where it is. */
const stream = (from: number, to: number): Buffer => {
  const bytes = Buffer.alloc(to - from)
  for (let at = from; at < to; at += 1) bytes[at - from] = (at * 31 + (at >> 8) * 17) & 0xff
  return bytes
}

type Kept = readonly { readonly offset: number; readonly bytes: Buffer }[]

const kept = (dir: string, iteration = 1): Kept =>
  readdirSync(dir)
    .flatMap((name) => parseSegmentName(name) ?? [])
    .filter((segment) => segment.iteration === iteration)
    .sort((a, b) => a.offset - b.offset)
    .map((segment) => ({ offset: segment.offset, bytes: readFileSync(join(dir, segmentName(segment))) }))

const offsets = (segments: Kept): readonly number[] => segments.map(({ offset }) => offset)
const size = (segments: Kept): number => segments.reduce((total, { bytes }) => total + bytes.length, 0)

/** Every segment holds just what the stream has at its place. */
const expectTrue = (segments: Kept): void => {
  for (const { offset, bytes } of segments) {
    expect(bytes.equals(stream(offset, offset + bytes.length))).toBe(true)
  }
}

describe('the log of an iteration', () => {
  it('is no file as long as nothing is printed', () => {
    const dir = tempDir()
    openLog(dir).log.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('is on the disk at once, for nobody else to read', () => {
    const dir = tempDir()
    const { log } = openLog(dir)
    log.write(stream(0, 10))
    log.write(stream(10, 20))
    expect(kept(dir)).toEqual([{ offset: 0, bytes: stream(0, 20) }])
    expect(statSync(join(dir, '1.0.log')).mode & 0o777).toBe(0o600)
    expect(log.bytes).toBe(20)
    log.close()
  })

  it('is whole as long as it is within the limit', () => {
    const dir = tempDir()
    const { log } = openLog(dir)
    for (let at = 0; at < LIMIT; at += 100) log.write(stream(at, Math.min(LIMIT, at + 100)))
    log.close()
    expect(Buffer.concat(kept(dir).map(({ bytes }) => bytes))).toEqual(stream(0, LIMIT))
  })

  it('goes on in a file of its own when its directory was removed and made again', () => {
    const dir = join(tempDir(), 'run')
    mkdirSync(dir)
    const { log, lost } = openLog(dir)
    log.write(stream(0, 10))
    log.reopenRemoved()
    log.write(stream(10, 20))
    expect(kept(dir)).toEqual([{ offset: 0, bytes: stream(0, 20) }])
    rmSync(dir, { recursive: true })
    mkdirSync(dir)
    log.reopenRemoved()
    log.write(stream(20, 30))
    log.close()
    expect(kept(dir)).toEqual([{ offset: 20, bytes: stream(20, 30) }])
    expect(lost.bytes).toBe(0)
  })

  it('opens no file in a directory that is not of its run any more', () => {
    const dir = tempDir()
    const { log, lost, forbid } = openLog(dir)
    forbid()
    log.write(stream(0, 10))
    log.close()
    expect(kept(dir)).toEqual([])
    expect(lost.bytes).toBe(10)
  })

  it('keeps head and tail beyond it', () => {
    const dir = tempDir()
    const { log, lost } = openLog(dir)
    log.write(stream(0, 100_000))
    log.close()
    const segments = kept(dir)
    expectTrue(segments)
    expect(segments[0]).toEqual({ offset: 0, bytes: stream(0, HEAD) })
    expect(segments.length).toBe(3)
    const last = segments.at(-1)
    expect((last?.offset ?? 0) + (last?.bytes.length ?? 0)).toBe(100_000)
    // At least one whole one before the last.
    expect(segments[1]?.bytes.length).toBe(TAIL)
    expect(lost.bytes).toBe(0)
    expect(log.bytes).toBe(100_000)
  })

  it('keeps head and tail, whole and in place, however it is cut and whatever the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 }),
        fc.nat(5),
        (limit, sizes, restartEvery) => {
          const dir = tempDir()
          let { log, lost } = openLog(dir, limit)
          let at = 0
          for (const [index, length] of sizes.entries()) {
            if (restartEvery > 0 && index % restartEvery === restartEvery - 1) {
              log.close()
              ;({ log, lost } = openLog(dir, limit))
              expect(log.bytes).toBe(at)
            }
            log.write(stream(at, at + length))
            at += length
            const segments = kept(dir)
            expectTrue(segments)
            const last = segments.at(-1)
            expect((last?.offset ?? 0) + (last?.bytes.length ?? 0)).toBe(at)
            expect(size(segments)).toBeLessThanOrEqual(Math.max(limit, Math.max(256, limit / 2) + 2 * 256))
            expect(size(segments)).toBeGreaterThanOrEqual(Math.min(at, Math.floor((limit * 3) / 4) - 2))
            expect(segments[0]?.offset).toBe(0)
            expect(segments[0]?.bytes.length).toBeGreaterThanOrEqual(Math.min(at, Math.floor(limit / 2)))
          }
          log.close()
          expect(lost.bytes).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('leaves the log of another iteration alone', () => {
    const dir = tempDir()
    const first = openLog(dir, LIMIT, 1)
    const second = openLog(dir, LIMIT, 11)
    first.log.write(stream(0, 50_000))
    second.log.write(stream(0, 50_000))
    expect(kept(dir, 1).length).toBe(3)
    expect(kept(dir, 11).length).toBe(3)
    first.log.close()
    second.log.close()
  })
})

describe('a log that somebody goes on with', () => {
  it('goes on where the disk ends, in the same segment', () => {
    const dir = tempDir()
    openLog(dir).log.write(stream(0, 300))
    const { log } = openLog(dir)
    expect(log.bytes).toBe(300)
    log.write(stream(300, 500))
    log.close()
    expect(kept(dir)).toEqual([{ offset: 0, bytes: stream(0, 500) }])
  })

  it('stays within the limit, however often that happens', () => {
    const dir = tempDir()
    for (let at = 0; at < 50_000; at += 700) {
      const { log } = openLog(dir)
      log.write(stream(at, at + 700))
      log.close()
    }
    expectTrue(kept(dir))
    expect(size(kept(dir))).toBeLessThanOrEqual(LIMIT)
    expect(kept(dir)[0]).toEqual({ offset: 0, bytes: stream(0, HEAD) })
  })

  it('goes on behind one that is empty, as after a kill between its opening and its first byte', () => {
    const dir = tempDir()
    openLog(dir).log.write(stream(0, HEAD))
    writeFileSync(join(dir, `1.${HEAD}.log`), '')
    const { log } = openLog(dir)
    log.write(stream(HEAD, HEAD + 10))
    log.close()
    expect(kept(dir)).toEqual([
      { offset: 0, bytes: stream(0, HEAD) },
      { offset: HEAD, bytes: stream(HEAD, HEAD + 10) },
    ])
  })

  it('begins at nothing when there is nothing', () => {
    expect(openLog(join(tempDir(), 'missing')).log.bytes).toBe(0)
  })
})

describe('bytes that cannot be written', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'], now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const later = (): void => {
    vi.advanceTimersByTime(1000)
  }

  /** The directory is away, and comes back: every open fails meanwhile. */
  const away = (dir: string): { back(): void } => {
    renameSync(dir, `${dir}-away`)
    return { back: () => renameSync(`${dir}-away`, dir) }
  }

  it('are counted, with the reason; what comes afterwards has its right place', () => {
    const dir = join(tempDir(), 'run')
    mkdirSync(dir)
    const { log, lost } = openLog(dir)
    const gone = away(dir)
    log.write(stream(0, 100))
    expect(lost).toEqual({ bytes: 100, reasons: ['ENOENT'] })
    gone.back()
    later()
    log.write(stream(100, 150))
    log.close()
    expect(kept(dir)).toEqual([{ offset: 100, bytes: stream(100, 150) }])
    expect([log.bytes, log.lost]).toEqual([150, 100])
  })

  it('do not have the disk asked again for every piece', () => {
    const dir = join(tempDir(), 'run')
    const { log, lost } = openLog(dir)
    log.write(stream(0, 10))
    mkdirSync(dir)
    log.write(stream(10, 20))
    expect(lost).toEqual({ bytes: 20, reasons: ['ENOENT', 'ENOENT'] })
    expect(readdirSync(dir)).toEqual([])
    later()
    log.write(stream(20, 30))
    log.close()
    expect(lost.bytes).toBe(20)
    expect(offsets(kept(dir))).toEqual([20])
  })

  it('are not written through a link that somebody has put there', () => {
    const dir = tempDir()
    const target = join(tempDir(), 'target')
    writeFileSync(target, 'mine')
    symlinkSync(target, join(dir, '1.0.log'))
    const { log, lost } = openLog(dir)
    log.write(stream(0, 10))
    expect(lost.reasons).toEqual(['ELOOP'])
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })

  describe.skipIf(!MAY_MOUNT)('on a full disk (needs root, to mount one)', () => {
    it('are lost from the byte on that finds no room; what comes when there is room is kept', () => {
      const disk = smallDisk(64)
      const { log, lost } = openLog(disk.dir, 1e9)
      log.write(stream(0, 10_000))
      disk.fill()
      log.write(stream(10_000, 50_000))
      expect(lost.reasons).toEqual(['ENOSPC'])
      // What still fitted into its last page is there.
      const before = kept(disk.dir)
      expectTrue(before)
      expect(size(before)).toBeGreaterThanOrEqual(10_000)
      expect(size(before) + lost.bytes).toBe(50_000)
      later()
      log.write(stream(50_000, 50_100))
      // No empty files are left of the attempts.
      expect(offsets(kept(disk.dir))).toEqual([0])
      disk.free()
      later()
      log.write(stream(50_100, 51_000))
      log.close()
      expectTrue(kept(disk.dir))
      expect(offsets(kept(disk.dir))).toEqual([0, 50_100])
      expect(size(kept(disk.dir)) + lost.bytes).toBe(51_000)
    })

    it('are never silently short: kept and lost are all that was printed, whenever it is full', () => {
      const disk = smallDisk(512)
      fc.assert(
        fc.property(
          fc.array(fc.record({ size: fc.integer({ min: 1, max: 9000 }), isFull: fc.boolean() }), {
            minLength: 1,
            maxLength: 30,
          }),
          (steps) => {
            const dir = mkdtempSync(join(disk.dir, 'run-'))
            const { log, lost } = openLog(dir, 1e9)
            let at = 0
            for (const { size: length, isFull } of steps) {
              if (isFull) disk.fill()
              log.write(stream(at, at + length))
              at += length
              if (isFull) disk.free()
              later()
            }
            log.close()
            expectTrue(kept(dir))
            expect(size(kept(dir)) + lost.bytes).toBe(at)
            expect([log.bytes, log.lost]).toEqual([at, lost.bytes])
            rmSync(dir, { recursive: true })
          },
        ),
        { numRuns: 40 },
      )
    })

    it('do not cost the tail that is there', () => {
      const disk = smallDisk(64)
      const { log } = openLog(disk.dir, 16_384)
      log.write(stream(0, 30_000))
      const before = offsets(kept(disk.dir))
      disk.fill()
      log.write(stream(30_000, 60_000))
      for (let at = 60_000; at < 70_000; at += 1000) {
        later()
        log.write(stream(at, at + 1000))
      }
      log.close()
      expect(offsets(kept(disk.dir))).toEqual(before)
      expectTrue(kept(disk.dir))
    })
  })
})
