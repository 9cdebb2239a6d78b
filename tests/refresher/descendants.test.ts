import { describe, expect, it } from 'vitest'
import type { ProcessFacts, ProcessInspector } from '../../src/core/ports.ts'
import { createDescendantTracker } from '../../src/refresher/descendants.ts'
import { aProcess, aRecord, HERE, viewOf, WORKER, worker } from '../fakes/records.ts'

const tracking = (members = [] as { pid: number; pid_started: number }[]) => {
  let processes: readonly ProcessFacts[] = []
  const inspector: ProcessInspector = { ...HERE, hasProcfs: true, snapshot: () => viewOf(processes) }
  const tracker = createDescendantTracker(aRecord({ members }), inspector)
  return (...now: readonly ProcessFacts[]): readonly number[] => {
    processes = now
    return tracker.sample().map(({ pid }) => pid)
  }
}

const CHILD = aProcess(5000, { parent: WORKER, started: 2000 })
const GRANDCHILD = aProcess(5001, { parent: 5000, started: 2001 })

describe('the descendants of a worker', () => {
  it('are all that descend from it, without itself', () => {
    expect(tracking()(worker(), CHILD, GRANDCHILD, aProcess(6000))).toEqual([5000, 5001])
  })

  it('are none when it is alone or gone', () => {
    expect(tracking()(worker())).toEqual([])
    expect(tracking()(aProcess(6000))).toEqual([])
  })

  it('stay descendants when their parents have died', () => {
    const sample = tracking()
    sample(worker(), CHILD, GRANDCHILD)
    expect(sample(worker(), { ...GRANDCHILD, parent: 1 })).toEqual([5001])
    expect(sample({ ...GRANDCHILD, parent: 1 })).toEqual([5001])
  })

  it('have descendants below them after their parents have died', () => {
    const sample = tracking()
    sample(worker(), CHILD)
    expect(sample({ ...CHILD, parent: 1 }, GRANDCHILD)).toEqual([5000, 5001])
  })

  it('are descendants no more when they are gone, nor is who gets their pid', () => {
    const sample = tracking()
    sample(worker(), CHILD)
    expect(sample(worker(), { ...CHILD, parent: 1, started: 9999 })).toEqual([])
    expect(sample(worker(), { ...CHILD, parent: 1 })).toEqual([])
  })

  it('are not those of a process that only has the pid of the worker', () => {
    expect(tracking()(worker({ started: 1 }), CHILD)).toEqual([])
  })

  it('are also those that the record names, from the refresher before', () => {
    const sample = tracking([{ pid: 5001, pid_started: 2001 }])
    expect(sample(worker(), { ...GRANDCHILD, parent: 1 })).toEqual([5001])
  })

  it('end in number somewhere', () => {
    const many = Array.from({ length: 1000 }, (_, n) => aProcess(10_000 + n, { parent: WORKER }))
    const found = tracking()(worker(), ...many)
    expect(found.length).toBeGreaterThan(100)
    expect(found.length).toBeLessThan(300)
  })
})
