import { describe, expect, expectTypeOf, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import { attemptLock, type LockedRecord } from '../../src/session/locked-session.ts'
import { openSession } from '../../src/session/session.ts'
import { holdLock, LOCK_TOOL } from '../fakes/lock.ts'
import { OWNER, owner } from '../fakes/records.ts'
import { fakeWorld, putRecord } from '../fakes/world.ts'

describe('what is read under the lock', () => {
  it('has a type that a snapshot does not have', () => {
    expectTypeOf<LockedRecord>().toExtend<LockRecord>()
    expectTypeOf<LockRecord>().not.toExtend<LockedRecord>()
  })

  it('is the record of now', async () => {
    const world = fakeWorld({}, { lockTool: LOCK_TOOL })
    const session = openSession(world, 'demo')
    putRecord(world)
    const attempt = await attemptLock(session)
    if (attempt.kind !== 'locked') throw new Error('it is held')
    putRecord(world, { generation: 8 })
    expect(attempt.locked.read()).toMatchObject({ kind: 'record', record: { generation: 8 } })
    expect(attempt.locked.snapshot()).toMatchObject({ record: { generation: 8 }, verdict: { state: 'dead' } })
    attempt.locked.release()
  })
})

describe('a lock that is held', () => {
  it('comes with a look at who may hold it', async () => {
    const world = fakeWorld({}, { lockTool: LOCK_TOOL })
    const session = openSession(world, 'demo')
    putRecord(world)
    world.machine.add(OWNER, () => undefined, owner())
    const lock = await holdLock(session.paths.lock)
    const attempt = await attemptLock(session)
    expect(attempt.kind === 'held' && attempt.held.owner).toEqual({ kind: 'alive', state: 'running' })
    lock.release()
  })
})

describe('a snapshot', () => {
  it('says who of the session is alive', () => {
    const world = fakeWorld()
    putRecord(world)
    world.machine.add(OWNER, () => undefined, owner({ state: 'stopped' }))
    const { record, owner: found, refresher, worker } = openSession(world, 'demo').snapshot()
    expect(record?.generation).toBe(7)
    expect(found).toEqual({ kind: 'alive', state: 'stopped' })
    expect([refresher?.kind, worker?.kind]).toEqual(['gone', 'gone'])
  })

  it('has nobody without a record', () => {
    const { record, owner: found, worker } = openSession(fakeWorld(), 'demo').snapshot()
    expect([record, found, worker]).toEqual([null, null, null])
  })
})
