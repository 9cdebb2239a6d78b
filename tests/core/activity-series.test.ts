import { describe, expect, it } from 'vitest'
import { activityLevel, extendSeries, SERIES_LENGTH } from '../../src/core/activity-series.ts'
import type { ActivitySeries } from '../../src/core/record.ts'
import type { Sample } from '../../src/core/sample.ts'

const NOTHING: Sample = {
  at: 5000,
  note: false,
  output: { bytes: 0, kind: null, cycles: false },
  io: { lasting: 0, payload: 0, payloadWritten: 0, all: 0 },
  received: null,
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
  listens: false,
}
const io = (payload: number): Partial<Sample> => ({
  io: { lasting: payload, payload, payloadWritten: payload, all: payload },
})
const output = (kind: 'new' | 'repeat', bytes: number): Partial<Sample> => ({
  output: { bytes, kind, cycles: false },
  ...io(bytes),
})

describe('the level of a sample', () => {
  it.each<[string, Partial<Sample>, number]>([
    ['nothing', {}, 0],
    ['processor time', { cpuSeconds: 1 }, 1],
    ['text that repeats', output('repeat', 500), 2],
    ['a few bytes', io(40), 2],
    ['many bytes', io(10_000_000), 5],
    ['bytes of a socket', { received: 600 }, 3],
    ['a new line', output('new', 40), 4],
    ['much new text', output('new', 100_000), 7],
    ['a note', { note: true }, 8],
  ])('%s: %#', (_, found, level) => {
    expect(activityLevel({ ...NOTHING, ...found })).toBe(level)
  })
})

describe('a series', () => {
  const add = (series: ActivitySeries | undefined, at: number, level: number) =>
    extendSeries(series, 2, at, level)

  it('keeps the strongest of a stretch of ten seconds, or of an interval that is longer', () => {
    let series = add(undefined, 100, 1)
    series = add(series, 102, 5)
    series = add(series, 108, 2)
    expect(series).toEqual({ bucket: 10, last: 100, levels: [5] })
    expect(extendSeries(undefined, 15, 100, 1).bucket).toBe(15)
  })

  it('has a zero for every stretch without a sample, and no more than it may hold', () => {
    expect(add(add(undefined, 100, 3), 135, 4)).toEqual({ bucket: 10, last: 130, levels: [3, 0, 0, 4] })
    let series = add(undefined, 0, 1)
    for (let at = 10; at < 10_000; at += 10) series = add(series, at, 2)
    expect(series.levels).toHaveLength(SERIES_LENGTH)
    expect(add(series, 1e9, 7).levels).toEqual([...Array(SERIES_LENGTH - 1).fill(0), 7])
  })
})
