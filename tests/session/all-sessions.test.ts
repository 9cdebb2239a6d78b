import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { eachSnapshot, snapshotAll } from '../../src/session/all-sessions.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import { HELD } from '../fakes/lock.ts'
import { aRecord } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld } from '../fakes/world.ts'

const put = (world: FakeWorld, session: string, generation = 1): void =>
  writeRecord(HELD, world.paths(session).record, aRecord({ session, generation }), false)

describe('the sessions of a lock directory', () => {
  it('come in the order of their names, and then those that have no record', () => {
    const world = fakeWorld()
    for (const session of ['b', 'a']) put(world, session)
    const found = snapshotAll(world, ['new', 'a']).map(({ session, record }) => [session, record?.session])
    expect(found).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['new', undefined],
    ])
  })

  it('are looked at one by one, when they are asked for', () => {
    const world = fakeWorld()
    for (const session of ['a', 'b']) put(world, session)
    const seen: (number | undefined)[] = []
    for (const { session, record } of eachSnapshot(world)) {
      if (session === 'a') put(world, 'b', 2)
      seen.push(record?.generation)
    }
    expect(seen).toEqual([1, 2])
  })

  it('are none where nothing has run yet', () => {
    const world = fakeWorld()
    rmSync(world.lockDir, { recursive: true })
    expect(snapshotAll(world)).toEqual([])
  })
})
