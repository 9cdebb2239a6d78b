/** Entries that hold in every test unless the test says otherwise. */
import type { EventEntry, IterationEntry } from '../../src/core/history.ts'
import { NOW } from './records.ts'

export const anIteration = (changes: Partial<IterationEntry> = {}): IterationEntry => ({
  kind: 'iteration',
  generation: 2,
  iteration: 1,
  started_epoch: NOW.epoch - 300,
  duration: 90.5,
  result: 'ok',
  exit_code: 0,
  signal: null,
  beats: 6,
  longest_quiet: 12,
  output_bytes: 2048,
  output_lost: 0,
  left_running: 0,
  incident: null,
  changed: null,
  ...changes,
})

export const anEvent = (changes: Partial<EventEntry> = {}): EventEntry => ({
  kind: 'event',
  generation: 2,
  epoch: NOW.epoch - 310,
  event: 'claimed',
  iteration: 0,
  detail: null,
  ...changes,
})
