import { describe, expect, it } from 'vitest'
import { encodeEntry, parseHistory } from '../../src/core/history.ts'
import { interruptedEntry } from '../../src/core/interrupted-iteration.ts'
import { aRecord, NOW } from '../fakes/records.ts'

describe('the history of an iteration whose owner died in it', () => {
  it('says when it began, how long it was seen, and that it was killed', () => {
    expect(interruptedEntry(aRecord({ output_lost: 7 }), NOW.epoch, 4096)).toEqual({
      kind: 'iteration',
      generation: 7,
      iteration: 2,
      started_epoch: NOW.epoch - 200,
      duration: 200,
      result: 'killed',
      exit_code: null,
      signal: null,
      beats: 13,
      longest_quiet: 12,
      output_bytes: 4096,
      output_lost: 7,
      left_running: 0,
      incident: null,
      changed: null,
    })
  })

  it('can be read back', () => {
    const entry = interruptedEntry(aRecord({ watch: null }), NOW.epoch, 0)
    if (entry === null) throw new Error('there is one')
    expect(parseHistory(encodeEntry(entry))).toEqual({ entries: [entry], skipped: 0, torn: false })
  })

  it('has no time that runs backwards, after the clock was set back', () => {
    expect(interruptedEntry(aRecord(), NOW.epoch - 10_000, 0)?.duration).toBe(0)
  })

  it.each([
    ['before the first', { iteration: 0, last_iteration: null, iteration_started_epoch: null }],
    ['that has not been started', { iteration_started_epoch: null }],
    [
      'that has ended cleanly, as between two of them',
      {
        iteration: 2,
        last_iteration: {
          iteration: 2,
          result: 'ok',
          exit_code: 0,
          signal: null,
          ended_epoch: NOW.epoch - 3,
        },
      },
    ],
  ] as const)('is nothing for one %s', (_, changes) => {
    expect(interruptedEntry(aRecord(changes), NOW.epoch, 0)).toBeNull()
  })

  it('is there for a first one, and for one that repeats an earlier run', () => {
    expect(interruptedEntry(aRecord({ iteration: 1, last_iteration: null }), NOW.epoch, 0)?.iteration).toBe(1)
  })

  it('also of one that an earlier run had begun, and this one has done again', () => {
    const last = {
      iteration: 1,
      result: 'interrupted',
      exit_code: null,
      signal: 'SIGTERM',
      ended_epoch: NOW.epoch - 300,
    } as const
    const again = (generation: number) =>
      aRecord({ generation: 2, iteration: 1, last_iteration: { generation, ...last } })
    expect(interruptedEntry(again(1), NOW.epoch, 0)).toMatchObject({
      generation: 2,
      iteration: 1,
      result: 'killed',
    })
    expect(interruptedEntry(again(2), NOW.epoch, 0)).toBeNull()
  })
})
