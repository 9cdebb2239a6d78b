import { mkdirSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LockError } from '../../src/core/errors.ts'
import { type TakenOver, takeOver } from '../../src/engine/take-over.ts'
import { openSession } from '../../src/session/session.ts'
import type { HeldLock } from '../../src/store/kernel-lock.ts'
import { readRequest } from '../../src/store/requests.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { holdLock, LOCK_TOOL } from '../fakes/lock.ts'
import { cannotDie, type FakeMachine, ignoresTerm, obeys, type Reaction } from '../fakes/machine.ts'
import { OWNER, owner, REFRESHER, refresher } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

class Scene {
  readonly world: FakeWorld = fakeWorld({}, { lockTool: LOCK_TOOL })
  readonly machine: FakeMachine = this.world.machine
  #lock: HeldLock | undefined

  constructor() {
    mkdirSync(this.world.paths('demo').home)
    putRecord(this.world, { tmux: null })
  }

  /** The lock is free as soon as neither owner nor refresher lives. */
  async hold(): Promise<void> {
    this.#lock = await holdLock(this.world.paths('demo').lock)
  }

  readonly #settling =
    (react: Reaction): Reaction =>
    (signal, self, machine) => {
      react(signal, self, machine)
      if (!machine.hasProcess(OWNER) && !machine.hasProcess(REFRESHER)) this.#lock?.release()
    }

  add(react: Reaction, state: 'running' | 'stopped' = 'running'): void {
    this.machine.add(OWNER, this.#settling(react), owner({ state }))
  }

  addRefresher(react: Reaction): void {
    this.machine.add(REFRESHER, this.#settling(react), refresher())
  }

  takeOver(): Promise<TakenOver> {
    const session = openSession(this.world, 'demo')
    return takeOver(session, session.snapshot())
  }

  failure(): Promise<LockError> {
    return rejectionOf(this.takeOver())
  }

  get signals(): readonly string[] {
    return this.machine.log
  }
}

describe('taking a session over', () => {
  it('asks the owner to end, says why, and takes the lock', async () => {
    const scene = new Scene()
    await scene.hold()
    let request: string | null = null
    scene.add((signal, self, machine) => {
      request = readRequest(scene.world.paths('demo'), 7)
      obeys(signal, self, machine)
    })
    const { locked, incident } = await scene.takeOver()
    expect(request).toBe('supersede')
    expect(scene.signals).toEqual([`SIGTERM ${OWNER}`])
    expect(readdirSync(incident ?? '')).toContain('record.json')
    expect(scene.world.notified[0]).toMatch(/^taking demo over from pid 4000 \(ann@here\)/)
    locked.release()
  })

  it('resumes an owner that is stopped, which takes no TERM', async () => {
    const scene = new Scene()
    await scene.hold()
    scene.add(obeys, 'stopped')
    const { locked } = await scene.takeOver()
    expect(scene.signals).toEqual([`SIGTERM ${OWNER}`, `SIGCONT ${OWNER}`])
    locked.release()
  })

  it('kills an owner that does not end, after the grace of its worker', async () => {
    const scene = new Scene()
    await scene.hold()
    scene.add(ignoresTerm)
    const { locked } = await scene.takeOver()
    expect(scene.signals).toEqual([`SIGTERM ${OWNER}`, `SIGKILL ${OWNER}`])
    // Its options give 10 s of grace.
    expect(scene.machine.elapsed).toBeGreaterThan(10)
    locked.release()
  })

  it('leaves the refresher time to end the worker, then kills it', async () => {
    const scene = new Scene()
    await scene.hold()
    scene.add(obeys)
    scene.addRefresher(ignoresTerm)
    const { locked } = await scene.takeOver()
    expect(scene.signals).toEqual([`SIGTERM ${OWNER}`, `SIGKILL ${REFRESHER}`])
    expect(scene.machine.elapsed).toBeGreaterThanOrEqual(3)
    locked.release()
  })

  it('signals no owner that is dead already', async () => {
    const scene = new Scene()
    await scene.hold()
    scene.addRefresher((signal, self, machine) => obeys(signal, self, machine))
    const { locked } = await scene.takeOver()
    expect(scene.signals).toEqual([`SIGKILL ${REFRESHER}`])
    locked.release()
  })

  it('is refused when the owner belongs to another user', async () => {
    const scene = new Scene()
    scene.add(obeys)
    const world = { ...scene.world, signal: () => 'denied' as const }
    const session = openSession(world, 'demo')
    expect((await rejectionOf(takeOver(session, session.snapshot()))).exitCode).toBe(77)
    expect(scene.signals).toEqual([])
  })

  it('is refused when somebody else holds the lock in the end', async () => {
    const scene = new Scene()
    const other = await holdLock(scene.world.paths('demo').lock)
    // Nothing frees this lock; the limit on waiting for it is to pass at once.
    const { clock } = scene.machine
    const session = openSession({ ...scene.world, clock }, 'demo')
    scene.add(obeys)
    expect((await rejectionOf(takeOver(session, session.snapshot()))).exitCode).toBe(75)
    other.release()
  })

  it('is refused when the lock does not become free because the owner hangs in the kernel', async () => {
    const scene = new Scene()
    const other = await holdLock(scene.world.paths('demo').lock)
    const { clock } = scene.machine
    const session = openSession({ ...scene.world, clock }, 'demo')
    scene.add(cannotDie)
    const failure = await rejectionOf(takeOver(session, session.snapshot()))
    expect(failure.message).toContain(`held by pid ${OWNER}`)
    expect(scene.signals).toEqual([`SIGTERM ${OWNER}`, `SIGKILL ${OWNER}`])
    other.release()
  })

  it.each([
    ['where its owner cannot be seen', { pid_namespace: 'pid:[2]' }, 'cannot be taken over from here'],
    [
      'when its run has ended',
      { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } },
      'kernel lock',
    ],
  ] as const)('ends nothing %s', async (_, changes, text) => {
    const scene = new Scene()
    scene.add(obeys)
    putRecord(scene.world, { tmux: null, ...changes })
    expect((await scene.failure()).message).toContain(text)
    expect(scene.signals).toEqual([])
  })
})
