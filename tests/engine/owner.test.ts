import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Owner } from '../../src/engine/owner.ts'
import { openSession } from '../../src/session/session.ts'
import type { LockLoss } from '../../src/store/kernel-lock.ts'
import { readRequest, writeRequest } from '../../src/store/requests.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import { HELD } from '../fakes/lock.ts'
import { aRecord, WORKER } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld } from '../fakes/world.ts'

const tenure = () => {
  const world = fakeWorld()
  const paths = world.paths('demo')
  mkdirSync(paths.home)
  let released = 0
  let loss: LockLoss | null = null
  const release = (): void => {
    released += 1
  }
  const lock = { ...HELD, loss: () => loss, release }
  const owner = new Owner({ world, paths, lock, otherLocks: [], record: aRecord(), environment: {} })
  return { world, owner, paths, released: () => released, lose: (how: LockLoss | null) => (loss = how) }
}

const onDisk = (world: FakeWorld) => openSession(world, 'demo').snapshot().record

describe('the record in the hands of its owner', () => {
  it('is a beat with every write, with a promise of its own', async () => {
    const { world, owner } = tenure()
    await world.machine.clock.sleep(7)
    owner.write({ phase: 'waiting' }, 1800)
    expect(onDisk(world)).toEqual(owner.record)
    expect(owner.record).toMatchObject({
      phase: 'waiting',
      heartbeat: { epoch: world.clock.epoch(), monotonic: world.clock.monotonic(), stale_after: 120 + 1800 },
    })
    owner.write({ phase: 'running' })
    expect(owner.record.heartbeat).toMatchObject({ stale_after: 120, interval: 15 })
  })

  it('carries with the next write what was staged, and is not written before', () => {
    const { world, owner } = tenure()
    owner.stage({ failures: 3 })
    expect(onDisk(world)).toBeNull()
    owner.write({ worker: null })
    expect(onDisk(world)).toMatchObject({ failures: 3, worker: null })
  })

  it('that cannot be written is reported once, until it can be again', () => {
    const { world, owner, paths } = tenure()
    const block = () => mkdirSync(paths.record)
    block()
    writeFileSync(`${paths.record}/in-the-way`, '')
    owner.write({ phase: 'waiting' })
    owner.write({ phase: 'running' })
    expect(world.notified).toHaveLength(1)
    expect(world.notified[0]).toContain('could not be written')
    rmSync(paths.record, { recursive: true })
    owner.write({ phase: 'waiting' })
    expect(onDisk(world)?.phase).toBe('waiting')
    rmSync(paths.record)
    block()
    writeFileSync(`${paths.record}/in-the-way`, '')
    owner.write({ phase: 'running' })
    expect(world.notified).toHaveLength(2)
  })

  it('takes over what its refresher has seen of this iteration', () => {
    const { owner, paths } = tenure()
    const members = [{ pid: 5000, pid_started: 1300 }]
    writeRecord(HELD, paths.record, aRecord({ members, watch: null }), false)
    owner.adoptRefresherState()
    expect(owner.record).toMatchObject({ members, watch: null })
  })

  it.each([
    ['of another run', { cookie: 'other' }],
    ['of another iteration', { iteration: 1 }],
  ])('takes over nothing %s', (_, changes) => {
    const { owner, paths } = tenure()
    const { members } = owner.record
    writeRecord(HELD, paths.record, aRecord({ members: [], ...changes }), false)
    owner.adoptRefresherState()
    expect(owner.record.members).toEqual(members)
  })
})

describe('a tenure without its lock', () => {
  it('writes nothing any more, also when the lock file seems to be there again, and leaves requests to others', () => {
    const { world, owner, paths, lose, released } = tenure()
    owner.write({ phase: 'running' })
    const before = owner.record
    writeRequest(paths, 'stop', 7)
    lose('removed')
    owner.write({ phase: 'waiting' })
    lose(null)
    owner.write({ phase: 'stopping' })
    owner.end({ reason: 'failed', exit_code: 74 })
    expect(onDisk(world)).toEqual(before)
    expect(owner.record.ended).toBeNull()
    expect(readRequest(paths, 7)).toBe('stop')
    // The run's end says it.
    expect(world.notified).toEqual([])
    expect(released()).toBe(1)
  })
})

describe('the end of a tenure', () => {
  it('is written, then the lock is free, and a request for it is gone', () => {
    const { world, owner, paths, released } = tenure()
    writeRequest(paths, 'stop-after-iteration', 7)
    owner.end({ reason: 'completed', exit_code: 0 })
    expect(onDisk(world)).toMatchObject({
      phase: 'ended',
      worker: null,
      members: [],
      refresher: null,
      ended: { reason: 'completed', exit_code: 0, epoch: world.clock.epoch() },
    })
    expect(readRequest(paths, 7)).toBeNull()
    expect(released()).toBe(1)
  })

  it('after an error keeps what leads to the worker', () => {
    const { world, owner } = tenure()
    owner.end({ reason: 'owner-died', exit_code: 74 })
    expect(onDisk(world)).toMatchObject({ worker: { pid: WORKER }, members: [{ pid: 4003 }] })
  })
})
