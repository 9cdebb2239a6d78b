/** What a run does when its lock files, or its directory, are taken away. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { FileWatch, lookAtFiles, lostLockEnd } from '../../src/engine/file-watch.ts'
import { Owner } from '../../src/engine/owner.ts'
import type { LockLoss } from '../../src/store/kernel-lock.ts'
import { HELD } from '../fakes/lock.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

let world: FakeWorld
let owner: Owner
let lost: { session: LockLoss | null; place: LockLoss | null }
let ended = 0

beforeEach(() => {
  world = fakeWorld()
  lost = { session: null, place: null }
  ended = 0
  const paths = world.paths('demo')
  mkdirSync(paths.run(7), { recursive: true })
  owner = new Owner({
    world,
    paths,
    lock: { ...HELD, loss: () => lost.session },
    otherLocks: [{ ...HELD, path: '/locks/.places/_all.1.lock', loss: () => lost.place }],
    record: putRecord(world),
    environment: {},
  })
})

const watchedRun = () => ({
  world,
  owner,
  stopRequests: {
    loseLock: () => {
      ended += 1
    },
  },
})
const look = (): void => lookAtFiles(watchedRun())

describe('a look at the files of a run', () => {
  it('finds nothing while all are there', () => {
    look()
    expect([ended, world.notified, lostLockEnd({ world, owner })]).toEqual([0, [], null])
  })

  it('ends a run that has lost its lock, which it can record nowhere', () => {
    lost.session = 'replaced'
    look()
    expect(ended).toBe(1)
    expect(lostLockEnd({ world, owner })).toMatchObject({
      exitCode: 74,
      detail: expect.stringContaining('recorded nowhere'),
    })
  })

  it('ends a run that has lost a place or path, and names it', () => {
    lost.place = 'removed'
    look()
    expect(ended).toBe(1)
    expect(lostLockEnd({ world, owner })).toEqual({
      reason: 'failed',
      exitCode: 74,
      detail: 'the lock file /locks/.places/_all.1.lock of a path or place was removed',
    })
    expect(world.notified[0]).toContain('/locks/.places/_all.1.lock was removed while this run held it')
  })

  it('makes a directory again that was removed', () => {
    rmSync(owner.paths.home, { recursive: true })
    look()
    expect(existsSync(owner.paths.run(7))).toBe(true)
    expect(world.notified[0]).toContain('it is made again')
    expect(ended).toBe(0)
  })
})

describe('the looks of an owner', () => {
  const aWatch = (places: Owner['otherLocks'] = []): FileWatch => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    owner = new Owner({
      world,
      paths: owner.paths,
      lock: owner.lock,
      otherLocks: places,
      record: owner.record,
      environment: {},
    })
    const watch = new FileWatch(watchedRun())
    onTestFinished(() => watch.stop())
    lost.session = 'removed'
    return watch
  }
  let tellGone: () => void = () => undefined
  let tellPing: () => void = () => undefined
  const guard = {
    isLooking: true,
    onGone: (tell: () => void) => {
      tellGone = tell
    },
    onPing: (tell: () => void) => {
      tellPing = tell
    },
  }

  it('are one in a second without a guard', () => {
    aWatch()
    vi.advanceTimersByTime(3000)
    expect(ended).toBe(3)
  })

  it.each([
    ['are few beside a guard that looks', true, [], 2],
    ['are one in a second beside a guard that is not ready', false, [], 62],
    ['are one in a second for a place or path, which no guard looks at', true, [HELD], 62],
  ])('%s', (_, isLooking, places, times) => {
    aWatch(places).shareWith({ ...guard, isLooking })
    vi.advanceTimersByTime(62_000)
    expect(ended).toBe(times)
  })

  it('come at once when the guard has found something gone', () => {
    aWatch().shareWith(guard)
    tellGone()
    expect(ended).toBe(1)
  })

  it('come with the pings, which it is awake for', () => {
    aWatch().shareWith(guard)
    vi.advanceTimersByTime(1000)
    for (let ping = 0; ping < 3; ping += 1) {
      vi.advanceTimersByTime(15_000)
      tellPing()
      tellPing()
    }
    expect(ended).toBe(4)
  })

  it('are over with the run', () => {
    aWatch().stop()
    vi.advanceTimersByTime(60_000)
    expect(ended).toBe(0)
  })
})
