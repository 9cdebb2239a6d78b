/** A run whose owner is dead, with processes in memory, and the record and the history on the disk. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { HistoryEntry } from '../../src/core/history.ts'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { segmentName } from '../../src/core/segments.ts'
import { awaitOwnerDeath, type DeadRunWorld, endDeadRun, findRun } from '../../src/guard/dead-run.ts'
import { runOrphanMode } from '../../src/guard/orphan-mode.ts'
import { appendHistory, lastHistory } from '../../src/store/history.ts'
import { readRecord } from '../../src/store/read-record.ts'
import type { WriteLock } from '../../src/store/write-record.ts'
import { anIteration } from '../fakes/history.ts'
import { HELD, holdLock, LOCK_TOOL } from '../fakes/lock.ts'
import { cannotDie, ignoresTerm, obeys, type Reaction } from '../fakes/machine.ts'
import { aRecord, OWNER, owner, REFRESHER, refresher, WORKER, worker } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

class Scene {
  readonly fake: FakeWorld = fakeWorld({}, { lockTool: LOCK_TOOL })
  readonly world: DeadRunWorld
  readonly lockHolders: number[] = []
  /** In its pane. */
  readonly shown: string[] = []
  record: LockRecord
  /** What was told of the owner's death: the run, and whether nothing of its worker is left. */
  readonly deaths: [generation: number, isWorkerGone: boolean][] = []
  /** What of the worker's output is still to be written when the worker is gone. */
  keepOutput: () => void = () => undefined

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
      hasLockOpen: (pid) => this.lockHolders.includes(pid),
      signal,
      clock,
      addHistory: (lock: WriteLock, entry: HistoryEntry) => appendHistory(lock, paths, entry),
      keepOutput: async () => this.keepOutput(),
      restoreTerminal: async () => undefined,
      pane: { show: ({ session }, { state }) => this.shown.push(`${session} ${state}`) },
      tellDeath: (record, isWorkerGone) => this.deaths.push([record.generation, isWorkerGone]),
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

const DONE = anIteration({ generation: 7, iteration: 2, result: 'failed', exit_code: 4, signal: null })

describe('a dead run', () => {
  it('has its worker ended, and record and history say so', async () => {
    const scene = new Scene()
    scene.addWorker()
    expect(await endDeadRun(scene.world, scene.record, HELD)).toBe(true)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
    expect(scene.deaths).toEqual([[7, true]])
    expect(scene.stored).toMatchObject({
      phase: 'ended',
      ended: { reason: 'owner-died', exit_code: null },
    })
    expect(scene.entries).toMatchObject([{ kind: 'iteration', iteration: 2, result: 'killed' }])
    expect(scene.shown).toEqual(['demo dead'])
  })

  it('counts what the worker printed last, too', async () => {
    const scene = new Scene()
    const dir = scene.world.paths.run(7)
    mkdirSync(dir, { recursive: true })
    scene.addWorker()
    scene.keepOutput = () =>
      writeFileSync(join(dir, segmentName({ iteration: 2, offset: 0 })), 'last words\n')
    await endDeadRun(scene.world, scene.record, HELD)
    expect(scene.entries).toMatchObject([{ kind: 'iteration', output_bytes: 11 }])
  })

  it('gives a worker that ignores TERM less than its own grace: the owner is waited for by nobody', async () => {
    const scene = new Scene()
    scene.addWorker(ignoresTerm)
    await endDeadRun(scene.world, scene.record, HELD)
    expect(scene.fake.machine.log.at(-1)).toBe(`SIGKILL ${WORKER}`)
    expect(scene.fake.machine.elapsed).toBeLessThan(0.9)
  })

  it('is left open when something cannot be ended: whoever claims next looks for it', async () => {
    const scene = new Scene()
    scene.addWorker(cannotDie)
    expect(await endDeadRun(scene.world, scene.record, HELD)).toBe(false)
    expect(scene.stored?.ended).toBeNull()
    expect(scene.entries).toEqual([])
    expect(scene.shown).toEqual([])
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
    expect(await endDeadRun(scene.world, scene.record, HELD)).toBe(true)
    expect(scene.fake.machine.log).toEqual([])
    expect(scene.stored?.ended?.reason).toBe('owner-died')
    // It was entered by the owner, who saw its end.
    expect(scene.entries).toEqual([])
  })

  it('enters no iteration twice that the owner has entered just before its death', async () => {
    const scene = new Scene()
    appendHistory(HELD, scene.world.paths, DONE)
    await endDeadRun(scene.world, scene.record, HELD)
    expect(scene.entries.length).toBe(1)
    expect(scene.stored?.last_iteration).toMatchObject({ iteration: 2, result: 'failed', exit_code: 4 })
  })
})

describe('a dead run without its lock', () => {
  it.each([
    ['lost', { ...HELD, loss: () => 'replaced' as const }],
    ['not there', null],
  ])('has its worker ended, and another run that has its place is left as it is (%s)', async (_, lock) => {
    const scene = new Scene()
    scene.addWorker()
    const other = putRecord(scene.fake, { cookie: 'another' })
    // The other one has done the iteration with the same number.
    appendHistory(HELD, scene.world.paths, { ...DONE, generation: 7, iteration: 2 })
    expect(await endDeadRun(scene.world, scene.record, lock)).toBe(true)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
    expect(scene.stored).toEqual(other)
    expect(scene.entries.length).toBe(1)
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
    ['of a later run', { generation: 8, cookie: 'another' }, 'over'],
    ['that has ended', { phase: 'ended', ended: { epoch: 1, reason: 'completed', exit_code: 0 } }, 'over'],
    ['of this run', {}, 'open'],
    ['of a run in a directory that was made anew', { generation: 1, cookie: 'another' }, 'lost'],
    ['with the same number in such a directory', { cookie: 'another' }, 'lost'],
  ] as const)('finds a record %s to be what it is', (_, changes, kind) => {
    const scene = new Scene(changes)
    expect(findRun(scene.world.paths, aRecord()).kind).toBe(kind)
  })

  it('finds no record of a run whose files are gone', () => {
    const scene = new Scene()
    rmSync(scene.world.paths.record)
    expect(findRun(scene.world.paths, scene.record)).toEqual({ kind: 'lost' })
  })
})

describe('a watchdog without its owner', () => {
  const run = {
    known: aRecord({ cgroup: null, members: [], tmux: null }),
    lockTool: LOCK_TOOL,
    guardPid: REFRESHER,
    releaseOtherLocks: () => undefined,
  }

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

  it.each([
    ['wakes a guard that is stopped, which has the lock', {}],
    ['wakes one that was stopped before the record could name it', { refresher: null }],
  ])('%s', async (_, changes) => {
    const scene = new Scene(changes)
    scene.lockHolders.push(REFRESHER)
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

  it('does not touch a stopped process that has the PID of the guard, and not the lock', async () => {
    const scene = new Scene({ refresher: null })
    scene.addWorker()
    scene.fake.machine.add(REFRESHER, obeys, refresher({ state: 'stopped' }))
    await orphanMode(scene)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
  })

  it('ends the worker of a run whose record was removed, by what it knows of it', async () => {
    const scene = new Scene()
    scene.addWorker()
    rmSync(scene.world.paths.record)
    await orphanMode(scene)
    expect(scene.fake.machine.log).toEqual([`SIGTERM ${WORKER}`])
    expect(scene.stored).toBeNull()
  })

  it('leaves a session alone that somebody has claimed meanwhile', async () => {
    const scene = new Scene({ generation: 8, cookie: 'another' })
    scene.addWorker()
    expect(await orphanMode(scene)).toEqual([])
    expect(scene.fake.machine.log).toEqual([])
  })
})
