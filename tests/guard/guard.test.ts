import { beforeEach, describe, expect, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import type { Beating } from '../../src/guard/beating.ts'
import { Guard } from '../../src/guard/guard.ts'
import type { GuardMessage } from '../../src/guard/protocol.ts'
import { aRecord } from '../fakes/records.ts'

let log: string[]
let sent: GuardMessage[]
let guard: Guard
let ended: (LockRecord | null)[]
const SEEN = { ...aRecord(), members: [{ pid: 77, pid_started: 7 }] }

/** One that says what is asked of it. */
const beating = (first: LockRecord): Beating => {
  log.push(`beats in ${first.iteration.number}, lost ${first.output_lost}`)
  return {
    ping: () => log.push('ping'),
    lost: (bytes) => log.push(`lost ${bytes}`),
    stop: () => {
      log.push('stops')
      return SEEN
    },
  }
}

beforeEach(() => {
  log = []
  sent = []
  ended = []
  guard = new Guard({
    send: (message) => sent.push(message),
    startBeating: beating,
    endDeadRun: async (watched) => {
      ended.push(watched)
    },
    endWorker: async ({ members }) => void log.push(`ends a worker of ${members.length} more`),
    letGo: () => log.push('lets go'),
  })
})

const watch = (): void => guard.handle({ kind: 'watch', record: aRecord() })

describe('a guard', () => {
  it('beats from the moment that it is to watch, and passes pings on', () => {
    guard.handle({ kind: 'ping' })
    watch()
    guard.handle({ kind: 'ping' })
    expect(log).toEqual(['beats in 2, lost 0', 'ping'])
  })

  it('stops to write before it says so, and tells what it has seen', () => {
    watch()
    guard.handle({ kind: 'pause', id: 3 })
    expect(log.at(-1)).toBe('stops')
    const { members, watch: activity, evidence, output_lost } = SEEN
    expect(sent).toEqual([
      { kind: 'paused', id: 3, observed: { members, watch: activity, evidence, output_lost } },
    ])
  })

  it('answers also when it was not watching', () => {
    guard.handle({ kind: 'pause', id: 1 })
    expect(sent).toEqual([{ kind: 'paused', id: 1, observed: null }])
  })

  it('never beats twice at a time', () => {
    watch()
    watch()
    expect(log).toEqual(['beats in 2, lost 0', 'stops', 'beats in 2, lost 0'])
  })

  it('tells with every beat what output was lost, whenever it was', () => {
    guard.lost(100)
    watch()
    guard.lost(300)
    expect(log).toEqual(['beats in 2, lost 100', 'lost 300'])
  })

  it('ends the worker when its input ends, from the newest that it knows', async () => {
    watch()
    await guard.inputEnded()
    expect(log.at(-1)).toBe('stops')
    expect(ended).toEqual([SEEN])
  })

  it('ends the worker also when the owner had paused it, or before it has watched at all', async () => {
    await guard.inputEnded()
    expect(ended).toEqual([null])
  })

  it('knows after a pause what it has seen before', async () => {
    watch()
    guard.handle({ kind: 'pause', id: 1 })
    await guard.inputEnded()
    expect(ended).toEqual([SEEN])
  })

  it('leaves a worker without its lock to the owner, and ends it when that does nothing', async () => {
    await guard.withoutLock()
    watch()
    for (let look = 0; look < 4; look += 1) await guard.withoutLock()
    expect(log).toEqual(['beats in 2, lost 0'])
    for (let look = 0; look < 3; look += 1) await guard.withoutLock()
    expect(log.slice(1)).toEqual(['stops', 'ends a worker of 1 more'])
  })

  it('leaves it to an owner that has asked for the pause', async () => {
    watch()
    guard.handle({ kind: 'pause', id: 1 })
    for (let look = 0; look < 9; look += 1) await guard.withoutLock()
    expect(log).toEqual(['beats in 2, lost 0', 'stops'])
  })

  it('lets go at the end of the run, and ends nothing when its input ends then', async () => {
    watch()
    guard.handle({ kind: 'end' })
    await guard.inputEnded()
    expect(log).toEqual(['beats in 2, lost 0', 'stops', 'lets go'])
    expect(ended).toEqual([])
  })
})
