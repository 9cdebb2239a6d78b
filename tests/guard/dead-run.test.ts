/** A run whose owner is dead, with processes in memory, and the record and the history on the disk. */
import { mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/history.ts'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { awaitOwnerDeath, type DeadRunWorld, endDeadRun, openRecord } from '../../src/guard/dead-run.ts'
import { runOrphanMode } from '../../src/guard/orphan-mode.ts'
import { appendHistory, lastHistory } from '../../src/store/history.ts'
import { readRecord } from '../../src/store/read-record.ts'
import { holdLock, LOCK_TOOL } from '../fakes/lock.ts'
import { cannotDie, ignoresTerm, obeys, type Reaction } from '../fakes/machine.ts'
import { OWNER, owner, REFRESHER, refresher, WORKER, worker } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

class Scene {
  readonly fake: FakeWorld = fakeWorld({}, { lockTool: LOCK_TOOL })
  readonly world: DeadRunWorld
  record: LockRecord

  constructor(changes: Partial<RecordFields> = {}) {
    const { inspector, observer, signal, clock } = this.fake
    const paths = this.fake.paths('demo')
    mkdirSync(paths.home)
    this.record = putRecord(this.fake, { cgroup: null, members: [], tmux: null, ...changes })
    this.world = {
      paths,
      inspector,
      observer,
      otherRuns: () => [],
      signal,
      clock,
      addHistory: (entry: HistoryEntry) => appendHistory(paths, entry),
      restoreTerminal: async () => undefined,
    }
  }

  addWorker(react: Reaction = obeys): void {
    this.fake.machine.add(WORKER, react, worker())
  }

  get stored(): LockRecord | null {
    const stored = readRecord(this.world.paths.record, 'demo')
    return stored.kind === 'record' ? stored.record : null
  }

  get entries(): readonly HistoryEntry[] {
    return lastHistory(this.world.paths, 100).entries
  }
}

describe('a dead run', () => {
  it('has its worker ended, and record and history say so', async () => {
    const scene = new Scene()
    scene.addWorker()
    expect(await endDeadRun(scene.world, scene.record)).toBe(true)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
    expect(scene.stored).toMatchObject({
      phase: 'ended',
      ended: { reason: 'owner-died', exit_code: null },
    })
    expect(scene.entries).toMatchObject([{ kind: 'iteration', iteration: 2, result: 'killed' }])
  })

  it('gives a worker that ignores TERM less than its own grace: the owner is waited for by nobody', async () => {
    const scene = new Scene()
    scene.addWorker(ignoresTerm)
    await endDeadRun(scene.world, scene.record)
    expect(scene.fake.machine.log.at(-1)).toBe(`SIGKILL ${WORKER}`)
    expect(scene.fake.machine.elapsed).toBeLessThan(0.9)
  })

  it('is left open when something cannot be ended: whoever claims next looks for it', async () => {
    const scene = new Scene()
    scene.addWorker(cannotDie)
    expect(await endDeadRun(scene.world, scene.record)).toBe(false)
    expect(scene.stored?.ended).toBeNull()
    expect(scene.entries).toEqual([])
  })

  it('keeps what an iteration that has ended left in the background', async () => {
    const scene = new Scene({
      phase: 'waiting',
      last_iteration: {
        generation: 7,
        iteration: 2,
        result: 'ok',
        exit_code: 0,
        signal: null,
        ended_epoch: 1,
      },
    })
    scene.addWorker()
    expect(await endDeadRun(scene.world, scene.record)).toBe(true)
    expect(scene.fake.machine.log).toEqual([])
    expect(scene.stored?.ended?.reason).toBe('owner-died')
    // It was entered by the owner, who saw its end.
    expect(scene.entries).toEqual([])
  })

  it('enters no iteration twice that the owner has entered just before its death', async () => {
    const scene = new Scene()
    const entry = {
      kind: 'iteration',
      generation: 7,
      iteration: 2,
      started_epoch: 1_799_999_900,
      duration: 3,
      result: 'failed',
      exit_code: 4,
      signal: null,
      beats: 0,
      longest_quiet: 0,
      output_bytes: 0,
      output_lost: 0,
      left_running: 0,
      incident: null,
      changed: null,
    } as const
    appendHistory(scene.world.paths, entry)
    await endDeadRun(scene.world, scene.record)
    expect(scene.entries.length).toBe(1)
    expect(scene.stored?.last_iteration).toMatchObject({ iteration: 2, result: 'failed', exit_code: 4 })
  })
})

describe('the death of an owner', () => {
  it('is waited for as long as a process takes to die, and no longer', async () => {
    const scene = new Scene()
    expect(await awaitOwnerDeath(scene.world, scene.record)).toBe(true)
    scene.fake.machine.add(OWNER, obeys, owner())
    expect(await awaitOwnerDeath(scene.world, scene.record)).toBe(false)
  })

  it.each([
    ['of another run', { generation: 8 }],
    ['that has ended', { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } }],
  ] as const)('is of no interest for a record %s', (_, changes) => {
    const scene = new Scene(changes)
    expect(openRecord(scene.world.paths, 'demo', 7)).toBeNull()
  })
})

describe('a watchdog without its owner', () => {
  const run = { session: 'demo', generation: 7, lockTool: LOCK_TOOL }

  const orphanMode = async (scene: Scene): Promise<readonly LockRecord[]> => {
    const recorded: LockRecord[] = []
    await runOrphanMode(scene.world, run, (record) => recorded.push(record))
    return recorded
  }

  it('ends the worker when the guard is gone too, and records what it prints meanwhile', async () => {
    const scene = new Scene()
    scene.addWorker()
    expect((await orphanMode(scene)).length).toBe(1)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
    expect(scene.stored?.ended?.reason).toBe('owner-died')
    // The lock is free again.
    const lock = await holdLock(scene.world.paths.lock)
    lock.release()
  })

  it('does nothing when the owner lives: it only does not want this watchdog any more', async () => {
    const scene = new Scene()
    scene.addWorker()
    scene.fake.machine.add(OWNER, obeys, owner())
    expect(await orphanMode(scene)).toEqual([])
    expect(scene.fake.machine.log).toEqual([])
  })

  it('leaves it to the guard, when that lives', async () => {
    const scene = new Scene()
    scene.addWorker()
    scene.fake.machine.add(REFRESHER, obeys, refresher())
    scene.fake.machine.at(0.5, () => {
      putRecord(scene.fake, {
        phase: 'ended',
        ended: { epoch: 1, reason: 'owner-died', exit_code: null },
      })
    })
    expect(await orphanMode(scene)).toEqual([])
    expect(scene.fake.machine.log).toEqual([])
  })

  it('wakes a guard that is stopped, which has the lock', async () => {
    const scene = new Scene()
    scene.addWorker()
    scene.fake.machine.add(
      REFRESHER,
      (signal, self, machine) => {
        obeys(signal, self, machine)
        putRecord(scene.fake, {
          phase: 'ended',
          ended: { epoch: 1, reason: 'owner-died', exit_code: null },
        })
      },
      refresher({ state: 'stopped' }),
    )
    await orphanMode(scene)
    expect(scene.fake.machine.log).toEqual([`SIGCONT ${REFRESHER}`])
  })

  it('leaves a session alone that somebody has claimed meanwhile', async () => {
    const scene = new Scene({ generation: 8 })
    scene.addWorker()
    expect(await orphanMode(scene)).toEqual([])
    expect(scene.fake.machine.log).toEqual([])
  })
})
