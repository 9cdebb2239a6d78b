import { describe, expect, it } from 'vitest'
import type { HistoryEntry, IterationEntry } from '../../src/core/history.ts'
import { interruptedEntry, withKnownEnd } from '../../src/core/interrupted-iteration.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const entry = (changes: Partial<IterationEntry> = {}): IterationEntry => ({
  kind: 'iteration',
  generation: 7,
  iteration: 2,
  started_epoch: NOW.epoch - 200,
  duration: 50,
  result: 'ok',
  exit_code: 0,
  signal: null,
  beats: 3,
  longest_quiet: 1,
  output_bytes: 10,
  output_lost: 0,
  left_running: 0,
  incident: null,
  changed: null,
  ...changes,
})

describe('an iteration that was cut off', () => {
  it('is entered as killed by nobody knows what', () => {
    const cutOff = interruptedEntry(aRecord(), NOW.epoch, 4096)
    expect(cutOff).toMatchObject({
      kind: 'iteration',
      generation: 7,
      iteration: 2,
      result: 'killed',
      exit_code: null,
      signal: null,
      duration: 200,
      output_bytes: 4096,
    })
  })

  it.each([
    ['before the first', { iteration: 0, iteration_started_epoch: null }],
    ['between two', { last_iteration: { ...entry(), ended_epoch: NOW.epoch } }],
  ])('is none %s', (_, changes) => {
    expect(interruptedEntry(aRecord(changes), NOW.epoch, 0)).toBeNull()
  })
})

describe('the end of an iteration that only the history has', () => {
  it('is the end in the record, too', () => {
    expect(withKnownEnd(aRecord(), [entry({ iteration: 1 }), entry()])).toEqual(
      aRecord({
        last_iteration: {
          generation: 7,
          iteration: 2,
          result: 'ok',
          exit_code: 0,
          signal: null,
          ended_epoch: NOW.epoch - 150,
        },
      }),
    )
  })

  it('may be by a signal', () => {
    const killed = entry({ result: 'killed', exit_code: null, signal: 'SIGKILL' })
    expect(withKnownEnd(aRecord(), [killed]).last_iteration).toMatchObject({
      iteration: 2,
      signal: 'SIGKILL',
    })
  })

  it.each<[string, readonly HistoryEntry[]]>([
    ['the history has none', []],
    ['it is of another run', [entry({ generation: 6 })]],
    ['it is of another iteration', [entry({ iteration: 1 }), entry({ iteration: 3 })]],
    ['nobody saw it', [entry({ result: 'killed', exit_code: null, signal: null })]],
    [
      'it is no iteration',
      [{ kind: 'event', generation: 7, epoch: NOW.epoch, event: 'hung', iteration: 2, detail: 'silent' }],
    ],
  ])('is not made up when %s', (_, entries) => {
    expect(withKnownEnd(aRecord(), entries)).toEqual(aRecord())
  })

  it('does not take the place of what the record says', () => {
    const last = {
      iteration: 2,
      result: 'failed',
      exit_code: 3,
      signal: null,
      ended_epoch: NOW.epoch,
    } as const
    const record = aRecord({ last_iteration: last })
    expect(withKnownEnd(record, [entry()])).toEqual(record)
  })
})
