import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/history.ts'
import { type Present, runSpans } from '../../src/core/run-spans.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { aRecord, NOW } from '../fakes/records.ts'

const at = (seconds: number): number => NOW.epoch + seconds
const GONE: Present = { record: null, verdict: { state: 'free', cause: null }, now: NOW.epoch }
const event = (name: Parameters<typeof anEvent>[0] & { event: string }, seconds: number): HistoryEntry =>
  anEvent({ iteration: 1, ...name, epoch: at(seconds) })
const iteration = (from: number, to: number, changes: Parameters<typeof anIteration>[0] = {}): HistoryEntry =>
  anIteration({ started_epoch: at(from), duration: to - from, ...changes })
const relative = ({ from, to }: { from: number; to: number }) => [from - NOW.epoch, to - NOW.epoch]

describe('the spans of runs', () => {
  it('last from the claim to the end that is written', () => {
    const { runs, iterations } = runSpans(
      [event({ event: 'claimed' }, -500), iteration(-490, -400), event({ event: 'ended' }, -390)],
      GONE,
    )
    expect(runs.map(relative)).toEqual([[-500, -390]])
    expect(runs[0]?.died).toBe(false)
    expect(iterations.map(relative)).toEqual([[-490, -400]])
  })

  it('end with what was last seen of them where another run followed without an end', () => {
    const { runs } = runSpans(
      [
        event({ event: 'claimed' }, -500),
        iteration(-490, -400),
        event({ event: 'resumed', generation: 3 }, -100),
        event({ event: 'ended', generation: 3 }, -50),
      ],
      GONE,
    )
    expect(runs.map((run) => [run.generation, run.died, ...relative(run)])).toEqual([
      [2, true, -500, -400],
      [3, false, -100, -50],
    ])
  })

  it('last until now while the owner lives, and until its last heartbeat when it is dead', () => {
    const entries = [event({ event: 'claimed', generation: 7 }, -300)]
    const record = aRecord()
    const alive = runSpans(entries, { ...GONE, record, verdict: { state: 'active', cause: null } })
    expect(alive.runs.map(relative)).toEqual([[-300, 0]])
    expect(alive.iterations.map(relative)).toEqual([[-200, 0]])
    const dead = runSpans(entries, { ...GONE, record, verdict: { state: 'dead', cause: null } })
    expect(dead.runs.map((run) => [run.died, ...relative(run)])).toEqual([[true, -300, -5]])
    expect(dead.iterations.map(relative)).toEqual([[-200, -5]])
    const unseen = runSpans(entries, { ...GONE, record, verdict: { state: 'unknown', cause: null } })
    expect(unseen.runs.map((run) => [run.died, ...relative(run)])).toEqual([[false, -300, -5]])
  })

  it('are there without any history, from the record alone', () => {
    const found = runSpans([], { ...GONE, record: aRecord(), verdict: { state: 'active', cause: null } })
    expect(found.runs.map(relative)).toEqual([[-300, 0]])
  })

  it('count an iteration once when its end is written already', () => {
    const entries = [iteration(-200, -90, { generation: 7, iteration: 2 })]
    const { iterations } = runSpans(entries, {
      ...GONE,
      record: aRecord(),
      verdict: { state: 'active', cause: null },
    })
    expect(iterations.map(relative)).toEqual([[-200, -90]])
  })
})

describe('the spans of hangs', () => {
  it.each<[string, readonly HistoryEntry[], readonly unknown[]]>([
    [
      'the next beat',
      [event({ event: 'hung', detail: 'silent' }, -300), event({ event: 'active-again' }, -200)],
      [[-300, -200]],
    ],
    [
      'the end of the iteration',
      [event({ event: 'hung', detail: 'silent' }, -300), iteration(-500, -250)],
      [[-300, -250]],
    ],
    [
      'the end of the run',
      [event({ event: 'hung', detail: 'silent' }, -300), event({ event: 'ended' }, -220)],
      [[-300, -220]],
    ],
    [
      'nothing in between: a hang that is written again is the same one',
      [
        event({ event: 'hung', detail: 'silent' }, -300),
        event({ event: 'hung', detail: 'spinning' }, -280),
        event({ event: 'active-again' }, -200),
      ],
      [[-300, -200]],
    ],
  ])('end with %s', (_, entries, spans) => {
    const { hung } = runSpans([event({ event: 'claimed' }, -500), ...entries], GONE)
    expect(hung.map(relative)).toEqual(spans)
    expect(hung[0]?.cause).toBe('silent')
  })

  it('have the cause unknown where a newer version has another one', () => {
    const { hung } = runSpans([event({ event: 'hung', detail: '__proto__' }, -300)], GONE)
    expect(hung.map(({ cause }) => cause)).toEqual(['unknown'])
  })

  it('last until now, also when the guard could not write that it hangs', () => {
    const present: Present = {
      record: aRecord({ heartbeat_epoch: at(-500), stale_after: 120 }),
      verdict: { state: 'hung', cause: 'owner-stopped' },
      now: NOW.epoch,
    }
    expect(runSpans([], present).hung.map((one) => [one.cause, ...relative(one)])).toEqual([
      ['owner-stopped', -380, 0],
    ])
    const written = runSpans(
      [event({ event: 'hung', generation: 7, detail: 'silent', iteration: 2 }, -100)],
      present,
    )
    expect(written.hung.map((one) => [one.cause, ...relative(one)])).toEqual([['silent', -100, 0]])
  })
})
