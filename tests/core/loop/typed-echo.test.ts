import { describe, expect, it } from 'vitest'
import { isTypedEcho, needsLaterSample, type TerminalSample } from '../../../src/core/loop/typed-echo.ts'
import type { Sighting } from '../../../src/core/loop/until-output.ts'

/** `DONE\r\n`, at ten seconds, after a quiet of four, as the first thing of an output of 100 bytes before it. */
const LINE: Sighting = { began: 10, ended: 10.1, quietSince: 6, fromByte: 100 }

/** @param came bytes from the line on @param ends how many line ends are in them */
const isEcho = (samples: readonly TerminalSample[], ends = 1): boolean =>
  isTypedEcho({ sighting: LINE, bytes: 4, lineEnds: () => ends }, samples)

const sample = (at: number, changes: Partial<TerminalSample> = {}): TerminalSample => ({
  at,
  isReading: false,
  writtenBytes: 1000,
  outputBytes: 100,
  ...changes,
})

/** From before the line to after it. */
const lives = (written: number | null, came: number): readonly TerminalSample[] => [
  sample(9.2),
  sample(9.8),
  sample(10.7, { writtenBytes: written === null ? null : 1000 + written, outputBytes: 100 + came }),
]

describe('a line of a pane whose worker lives on', () => {
  it.each<[string, readonly TerminalSample[], number, boolean]>([
    ['that nobody has written', lives(0, 6), 1, true],
    ['that the worker has written', lives(5, 6), 1, false],
    ['that was typed and answered', lives(9, 16), 2, true],
    ['among many others that the worker has written', lives(90, 100), 10, false],
    ['among files that the worker has written', lives(5000, 6), 1, false],
    [
      'while it waits for input, that another thread has written',
      [
        sample(9.2, { isReading: true }),
        sample(9.8, { isReading: true }),
        sample(10.7, { isReading: true, writtenBytes: 1005, outputBytes: 106 }),
      ],
      1,
      false,
    ],
  ])('%s', (_, samples, ends, expected) => {
    expect(isEcho(samples, ends)).toBe(expected)
  })

  it.each([
    ['what was written cannot be seen', lives(null, 6)],
    ['a process has gone, and its count with it', lives(-600, 6)],
    ['nobody has looked well before it', lives(0, 6).slice(1)],
  ])('is its own when %s', (_, samples) => {
    expect(isEcho(samples)).toBe(false)
  })
})

describe('a line of a pane whose worker ends with it', () => {
  it.each<[string, readonly TerminalSample[], boolean]>([
    ['that comes when it has waited for input', [sample(9.8, { isReading: true })], true],
    [
      'that comes when it has waited for input, and was gone then',
      [sample(9.7, { isReading: true }), sample(9.9)],
      true,
    ],
    ['that comes before anybody has looked', [], false],
    ['that comes long after it has waited', [sample(6.5, { isReading: true }), sample(9.8)], false],
    ['that is not the first thing since then', [sample(5.9, { isReading: true }), sample(9.8)], false],
    ['before it waits', [sample(9.8), sample(10.2, { isReading: true })], false],
    ['that it has written', [sample(9.2), sample(9.8)], false],
  ])('%s', (_, samples, expected) => {
    expect(isEcho(samples)).toBe(expected)
  })
})

it('is worth another sample until one has come well after it', () => {
  expect(needsLaterSample(LINE, [sample(9), sample(10.5)])).toBe(true)
  expect(needsLaterSample(LINE, [sample(9), sample(10.6)])).toBe(false)
})
