/** Who stands by a script that holds a session, with processes in memory, and the record on the disk. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { DeadRunWorld } from '../../src/guard/dead-run.ts'
import { standBy } from '../../src/guard/sentinel.ts'
import { lastHistory } from '../../src/store/history.ts'
import type { LockLoss } from '../../src/store/kernel-lock.ts'
import { readRecord } from '../../src/store/read-record.ts'
import { HELD } from '../fakes/lock.ts'
import { cannotDie, obeys, type Reaction } from '../fakes/machine.ts'
import { OWNER, owner, REFRESHER, refresher, WORKER, worker } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const SUPERVISOR = 4100
const SHELL = {
  script: 'loop.sh',
  supervisor: { pid: SUPERVISOR, pid_started: 950 },
  sentinel: null,
} as const

class Scene {
  readonly fake: FakeWorld = fakeWorld()
  readonly known: LockRecord
  readonly deaths: [string | undefined, boolean][] = []
  released = 0
  loss: LockLoss | null = null

  constructor(changes: Partial<RecordFields> = {}) {
    mkdirSync(this.fake.paths('demo').home)
    this.known = this.put(changes)
  }

  put(changes: Partial<RecordFields> = {}): LockRecord {
    return putRecord(this.fake, { cgroup: null, members: [], tmux: null, shell: SHELL, ...changes })
  }

  add(pid: number, react: Reaction = obeys): void {
    const facts = { [OWNER]: owner(), [REFRESHER]: refresher(), [WORKER]: worker() }[pid]
    this.fake.machine.add(pid, react, facts ?? { started: 950 })
  }

  /** The script dies after so many seconds. */
  shellDiesAt(seconds: number): void {
    this.add(OWNER)
    this.fake.machine.at(seconds, () => this.fake.machine.end(OWNER))
  }

  release(): void {
    this.released += 1
  }

  lose(): void {
    this.loss = 'replaced'
  }

  async standBy(): Promise<void> {
    const { inspector, observer, signal, clock } = this.fake
    const world: DeadRunWorld = {
      paths: this.fake.paths('demo'),
      inspector,
      observer,
      otherRuns: () => [],
      hasLockOpen: () => false,
      signal,
      clock,
      addHistory: (_, entry) => writeFileSync(this.fake.paths('demo').history, `${JSON.stringify(entry)}\n`),
      keepOutput: async () => undefined,
      restoreTerminal: async () => undefined,
      pane: { show: () => undefined },
      tellDeath: ({ ended }, isWorkerGone) => this.deaths.push([ended?.reason, isWorkerGone]),
    }
    const lock = { ...HELD, loss: () => this.loss, release: () => this.release() }
    await standBy(world, this.known, lock)
  }

  get stored(): LockRecord | null {
    const stored = readRecord(this.fake.paths('demo').record, 'demo')
    return stored.kind === 'record' ? stored.record : null
  }
}

describe('a sentinel', () => {
  it('ends the run of a script that dies between two iterations, and unlocks', async () => {
    const scene = new Scene({ phase: 'waiting', worker: null, refresher: null })
    scene.shellDiesAt(30)
    await scene.standBy()
    expect(scene.fake.machine.elapsed).toBeGreaterThanOrEqual(30)
    expect(scene.fake.machine.elapsed).toBeLessThan(31)
    expect(scene.stored?.ended?.reason).toBe('owner-died')
    expect(scene.deaths).toEqual([['owner-died', true]])
    expect(scene.released).toBe(1)
  })

  it('leaves the worker to a guard that lives, and unlocks after it', async () => {
    const scene = new Scene()
    scene.shellDiesAt(1)
    scene.add(REFRESHER)
    scene.add(WORKER)
    scene.fake.machine.at(2, () =>
      scene.put({ phase: 'ended', ended: { epoch: 1, reason: 'owner-died', exit_code: null } }),
    )
    await scene.standBy()
    expect(scene.fake.machine.log).toEqual([])
    expect(scene.deaths).toEqual([])
    expect(scene.released).toBe(1)
  })

  it('ends worker and supervisor itself when the guard was killed with the script', async () => {
    const scene = new Scene()
    scene.shellDiesAt(1)
    scene.add(WORKER)
    scene.add(SUPERVISOR)
    await scene.standBy()
    expect(scene.fake.machine.log).toEqual([`SIGKILL ${SUPERVISOR}`, `SIGTERM ${WORKER}`])
    expect(scene.stored?.ended?.reason).toBe('owner-died')
    expect(lastHistory(scene.fake.paths('demo'), 5).entries).toMatchObject([
      { iteration: 2, result: 'killed' },
    ])
  })

  it('waits a moment for a guard that the record cannot name yet', async () => {
    const scene = new Scene({ refresher: null })
    scene.shellDiesAt(1)
    scene.add(WORKER)
    scene.fake.machine.at(1.6, () =>
      scene.put({ phase: 'ended', ended: { epoch: 1, reason: 'owner-died', exit_code: null } }),
    )
    await scene.standBy()
    expect(scene.fake.machine.log).toEqual([])
  })

  it('waits for no guard that hangs', async () => {
    const scene = new Scene()
    scene.shellDiesAt(1)
    scene.add(REFRESHER)
    scene.add(WORKER)
    await scene.standBy()
    expect(scene.fake.machine.log).toContain(`SIGTERM ${WORKER}`)
    expect(scene.fake.machine.elapsed).toBeLessThan(7)
  })

  it('does not kill what has the PID of the supervisor and is another process', async () => {
    const scene = new Scene()
    scene.shellDiesAt(1)
    scene.fake.machine.add(SUPERVISOR, obeys, { started: 951 })
    await scene.standBy()
    expect(scene.fake.machine.log).toEqual([])
  })

  it('tells of a worker that cannot be ended, writes no end, and unlocks all the same', async () => {
    const scene = new Scene()
    scene.shellDiesAt(1)
    scene.add(WORKER, cannotDie)
    await scene.standBy()
    expect(scene.stored?.ended).toBeNull()
    expect(scene.deaths).toEqual([[undefined, false]])
    expect(scene.released).toBe(1)
  })

  it.each<[string, (scene: Scene) => unknown]>([
    [
      'has ended',
      (scene) => scene.put({ phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } }),
    ],
    ['is followed by another one', (scene) => scene.put({ generation: 8 })],
    ['has lost its lock', (scene) => scene.lose()],
  ])('goes when the run %s, and unlocks nothing: the lock is somebody else\u2019s', async (_, happens) => {
    const scene = new Scene({ phase: 'waiting' })
    scene.add(OWNER)
    scene.fake.machine.at(5, () => happens(scene))
    await scene.standBy()
    expect(scene.fake.machine.elapsed).toBeLessThan(6)
    expect(scene.released).toBe(0)
    expect(scene.fake.machine.log).toEqual([])
  })

  it('stays with a run whose cookie changes: each iteration has its own', async () => {
    const scene = new Scene({ phase: 'waiting', refresher: null, worker: null })
    scene.put({ phase: 'waiting', refresher: null, worker: null, cookie: 'another' })
    scene.shellDiesAt(3)
    await scene.standBy()
    expect(scene.stored?.ended?.reason).toBe('owner-died')
  })
})
