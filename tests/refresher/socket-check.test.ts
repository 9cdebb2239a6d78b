import { describe, expect, it } from 'vitest'
import { beginProgress, type Progress } from '../../src/core/progress.ts'
import type { ReceivedReader } from '../../src/process/received.ts'
import { SocketCheck } from '../../src/refresher/socket-check.ts'

const QUIET = 600
const STUCK = 1800
const LIMITS = { quietAfter: QUIET, stuckAfter: STUCK }
const INTERVAL = 15
const START = 5000

/** Sockets that receive at a rate, and a system that answers at once. */
class FakeSockets implements ReceivedReader {
  asked: number[] = []
  total = 0
  isComplete = true
  #answers: { at: number; total: number }[] = []

  ask(_: unknown, at: number): boolean {
    this.asked.push(at)
    this.#answers = [...this.#answers, { at, total: this.total }].slice(-2)
    return true
  }

  read() {
    const [before, after] = this.#answers
    if (before === undefined || after === undefined) return { kind: 'unknown' } as const
    const bytes = after.total - before.total
    return { kind: 'known', bytes, from: before.at, to: after.at, isComplete: this.isComplete } as const
  }
}

const spinningSince = (progress: number, at: number): Progress => ({
  ...beginProgress(at),
  progress,
  certain: progress,
})

const silentSince = (firm: number, stalled = false): Progress => ({
  ...beginProgress(firm),
  stall: stalled ? { cause: 'silent', since: firm } : null,
})

/** Samples of a worker that has been silent since the start; what each was told. */
const watch = (
  sockets: FakeSockets,
  seconds: number,
  bytesEach = 0,
  stalled = false,
): readonly (number | null)[] => {
  const check = new SocketCheck(sockets, LIMITS, INTERVAL)
  const told: (number | null)[] = []
  for (let at = START; at <= START + seconds; at += INTERVAL) {
    sockets.total += bytesEach
    told.push(check.check(silentSince(START, stalled), at, []))
  }
  return told
}

describe('the sockets of a silent worker', () => {
  it('are asked about twice before its silence is declared, and not before half of the limit', () => {
    const sockets = new FakeSockets()
    watch(sockets, QUIET)
    expect(sockets.asked).toHaveLength(2)
    expect(sockets.asked[0]).toBeGreaterThanOrEqual(START + QUIET / 2 - INTERVAL)
    expect(sockets.asked[1]).toBeGreaterThanOrEqual(START + QUIET - 2 * INTERVAL)
    expect(sockets.asked[1]).toBeLessThan(START + QUIET)
  })

  it('have received nothing: that is known when the limit is over', () => {
    expect(watch(new FakeSockets(), QUIET).at(-1)).toBe(0)
  })

  it('have received something: that is told once, before the limit is over', () => {
    const told = watch(new FakeSockets(), QUIET, 100)
    expect(told.filter((bytes) => bytes !== null && bytes > 0)).toHaveLength(1)
  })

  it('are not all that it may hear from: then it is not known', () => {
    const sockets = new FakeSockets()
    sockets.isComplete = false
    expect(new Set(watch(sockets, QUIET))).toEqual(new Set([null]))
  })

  it('are not asked about without a limit, or while it works', () => {
    const sockets = new FakeSockets()
    expect(
      new SocketCheck(sockets, { quietAfter: null, stuckAfter: null }, INTERVAL).check(
        silentSince(START),
        START + 9999,
        [],
      ),
    ).toBeNull()
    const check = new SocketCheck(sockets, LIMITS, INTERVAL)
    for (let at = START; at < START + 9999; at += INTERVAL) check.check(beginProgress(at - 100), at, [])
    expect(sockets.asked).toEqual([])
  })

  it('are asked about now and then during a silence; something has to come twice in a row', () => {
    const sockets = new FakeSockets()
    const check = new SocketCheck(sockets, LIMITS, INTERVAL)
    const told: number[] = []
    for (let at = START; at <= START + 10 * QUIET; at += INTERVAL) {
      // Every second limit a burst.
      if ((at - START) % (2 * QUIET) === 0) sockets.total += 100
      const bytes = check.check(silentSince(START, at - START >= QUIET), at, [])
      if (bytes !== null && bytes > 0) told.push(at)
    }
    expect(told).toEqual([])
    expect(sockets.asked.length).toBeLessThanOrEqual(22)
    expect(watch(new FakeSockets(), 2 * QUIET, 100, true).some((bytes) => (bytes ?? 0) > 0)).toBe(true)
  })

  it('are asked about before a worker counts as spinning, too', () => {
    const sockets = new FakeSockets()
    const check = new SocketCheck(sockets, LIMITS, INTERVAL)
    const told: number[] = []
    for (let at = START; at <= START + STUCK; at += INTERVAL) {
      sockets.total += 100
      const bytes = check.check(spinningSince(START, at), at, [])
      if (bytes !== null && bytes > 0) told.push(at)
    }
    expect(sockets.asked).toHaveLength(2)
    expect(told).toHaveLength(1)
    expect(told[0]).toBeGreaterThan(START + STUCK - 3 * INTERVAL)
  })
})
