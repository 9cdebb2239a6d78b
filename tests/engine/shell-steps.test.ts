/** The steps of a script that holds a session: a lock that is real, and processes that only seem to be. */
import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { endWithShell } from '../../src/engine/shell-iteration.ts'
import {
  clearLastIteration,
  openLocked,
  pauseSeconds,
  type ShellStep,
} from '../../src/engine/shell-session.ts'
import { acquireForShell, progressForShell, releaseForShell } from '../../src/engine/shell-steps.ts'
import { openSession } from '../../src/session/session.ts'
import { lastHistory } from '../../src/store/history.ts'
import { makeLockFile, probeLock } from '../../src/store/kernel-lock.ts'
import { recentNotes } from '../../src/store/notes.ts'
import { eventually } from '../fakes/eventually.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { LOCK_TOOL } from '../fakes/lock.ts'
import { obeys } from '../fakes/machine.ts'
import { OWNER, owner, REFRESHER, refresher, WORKER, worker } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

/** Any file: what is in it nobody runs here. */
const GUARD = fileURLToPath(import.meta.url)
const SENTINEL = 9000
const SUPERVISOR = 4100
const STEP: ShellStep = { name: 'demo', generation: 7, ownerPid: OWNER }

let world: FakeWorld
let fd: number

/** As a shell opens it. */
beforeEach(() => {
  const fake = fakeWorld({ LOCK_CGROUP_STRATEGY: 'none' }, { lockTool: LOCK_TOOL })
  const { lock, home } = fake.paths('demo')
  makeLockFile(lock)
  mkdirSync(home)
  fd = openSync(lock, constants.O_RDWR)
  world = Object.defineProperties({ lockDescriptor: fd }, Object.getOwnPropertyDescriptors(fake)) as FakeWorld
  world.machine.add(OWNER, obeys, owner())
  world.machine.add(world.self.pid, obeys, { started: 2000 })
})

afterEach(() => closeSync(fd))

const lockState = (): string => probeLock(world.paths('demo').lock, LOCK_TOOL)
const recordNow = (): LockRecord => {
  const { record } = openSession(world, 'demo').snapshot()
  if (record === null) throw new Error('there is no record')
  return record
}
const putRun = (changes: Partial<RecordFields> = {}): LockRecord => {
  const shell = { script: 'loop.sh', supervisor: null, sentinel: null }
  const record = putRecord(world, {
    ...{ cgroup: null, members: [], tmux: null, shell, phase: 'waiting', worker: null, refresher: null },
    ...changes,
  })
  mkdirSync(world.paths('demo').run(record.generation), { recursive: true })
  return record
}
const entries = () => lastHistory(world.paths('demo'), 10).entries

describe('lock_acquire', () => {
  const request = {
    name: 'demo',
    command: ['loop.sh'],
    cwd: '/',
    iterations: null,
    options: { delay: 30, quiet_after: 100 },
    force: false,
    resume: false,
    fresh: true,
    waitSeconds: undefined,
  } as const
  const acquire = () => acquireForShell(world, request, { pid: OWNER, script: 'loop.sh' }, GUARD)

  it('makes the shell the owner, by the lock that the shell has opened', async () => {
    world.machine.add(SENTINEL, obeys, { started: 3000 })
    expect(await acquire()).toBe(1)
    expect(lockState()).toBe('held')
    expect(recordNow()).toMatchObject({
      phase: 'waiting',
      owner: { pid: OWNER, pid_started: 900 },
      shell: { script: 'loop.sh', supervisor: null, sentinel: { pid: SENTINEL, pid_started: 3000 } },
      iteration: { number: 0, total: null },
    })
    // What the script may do until its first iteration is promised.
    expect(recordNow().heartbeat.stale_after).toBe(120 + 30 + 100)
  })

  it('leaves a sentinel behind that has the lock and the run, and nothing of the environment of the run', async () => {
    await acquire()
    const [sentinel] = world.started
    expect(sentinel?.options.detached).toBe(true)
    expect(sentinel?.options.stdio).toEqual([...new Array(4).fill('ignore'), fd, expect.any(Number)])
    const config = JSON.parse(String(sentinel?.options.env?.LOCK_SENTINEL))
    expect(config).toMatchObject({ session: 'demo', generation: 1, known: { owner: { pid: OWNER } } })
    expect(sentinel?.options.env).not.toHaveProperty('LOCK_DIR')
  })

  it('is refused while somebody else holds the session', async () => {
    const other = openSync(world.paths('demo').lock, constants.O_RDWR)
    const theirs = Object.defineProperties(
      { lockDescriptor: other },
      Object.getOwnPropertyDescriptors({ ...world, lockTool: LOCK_TOOL, lockDescriptor: other }),
    ) as FakeWorld
    await acquireForShell(theirs, request, { pid: OWNER, script: 'other.sh' }, GUARD)
    expect((await rejectionOf(acquire())).code).toBe('held')
    closeSync(other)
  })
})

describe('a step of a script', () => {
  it.each([
    ['of another run', { generation: 8 }],
    ['of another shell', { pid: OWNER + 1 }],
    ['of an engine', { shell: null }],
    ['that has ended', { phase: 'ended', ended: { epoch: 1, reason: 'superseded', exit_code: 80 } }],
  ] as const)('is refused when the record is %s', async (_, changes) => {
    putRun(changes)
    const error = await rejectionOf(openLocked(world, STEP))
    expect([error.code, error.message]).toEqual([
      'superseded',
      expect.stringContaining("is not this shell's"),
    ])
  })

  it('is refused when there is no record any more', async () => {
    expect((await rejectionOf(openLocked(world, STEP))).code).toBe('superseded')
  })
})

describe('lock_progress', () => {
  it('leaves a note, and beats, between two iterations', async () => {
    const before = putRun({ heartbeat_monotonic: 1 })
    await progressForShell(world, STEP, 'half of it')
    expect(recentNotes(world.paths('demo'), 7, 2)).toMatchObject([{ note: 'half of it', for: null }])
    expect(recordNow().heartbeat.monotonic).toBeGreaterThan(before.heartbeat.monotonic)
  })

  it('leaves the record to the guard in an iteration', async () => {
    const before = putRun({ phase: 'running', heartbeat_monotonic: 1 })
    await progressForShell(world, STEP, 'on it')
    expect(recentNotes(world.paths('demo'), 7, 2)).toHaveLength(1)
    expect(recordNow()).toEqual(before)
  })
})

describe('lock_release', () => {
  it('writes the end, and unlocks for all who have a copy of the descriptor', async () => {
    putRun()
    await openLocked(world, STEP)
    expect(lockState()).toBe('held')
    await releaseForShell(world, STEP, GUARD)
    expect(lockState()).toBe('free')
    expect(recordNow()).toMatchObject({ phase: 'ended', ended: { reason: 'completed', exit_code: 0 } })
    expect(entries()).toMatchObject([{ event: 'ended', generation: 7, detail: 'completed, exit code 0' }])
  })
})

describe('an iteration before, whose supervisor was killed', () => {
  const running = (supervisor = { pid: SUPERVISOR, pid_started: 950 }) =>
    putRun({
      phase: 'running',
      worker: { pid: WORKER, pid_started: 1100 },
      refresher: { pid: REFRESHER, pid_started: refresher().started ?? 0 },
      shell: { script: 'loop.sh', supervisor, sentinel: null },
    })
  const clear = async (): Promise<void> => {
    const { locked, record } = await openLocked(world, STEP)
    await clearLastIteration(world, locked, record)
  }

  it('has its worker ended, after the guard that would end the next one, and its end recorded once', async () => {
    running()
    world.machine.add(WORKER, obeys, worker())
    world.machine.add(REFRESHER, obeys, refresher())
    await clear()
    expect(world.machine.log).toEqual([`SIGKILL ${REFRESHER}`, `SIGTERM ${WORKER}`])
    expect(entries()).toMatchObject([{ iteration: 2, result: 'killed', exit_code: null }])
    await clear()
    expect(entries()).toHaveLength(1)
  })

  it('is waited for when the supervisor lives: one iteration at a time', async () => {
    running()
    world.machine.add(SUPERVISOR, obeys, { started: 950 })
    const error = await rejectionOf(clear())
    expect([error.code, error.message]).toEqual(['held', expect.stringContaining(`pid ${SUPERVISOR}`)])
    expect(world.machine.log).toEqual([])
  })

  it('leaves a run alone that is between two iterations', async () => {
    putRun()
    world.machine.add(WORKER, obeys, worker())
    await clear()
    expect(world.machine.log).toEqual([])
    expect(entries()).toEqual([])
  })
})

describe('a supervisor', () => {
  it('ends with its shell, and not before', async () => {
    putRun()
    const { record } = await openLocked(world, STEP)
    let looks = 0
    const inspector = {
      ...world.inspector,
      snapshot: () => {
        looks += 1
        return world.inspector.snapshot()
      },
    }
    const stop = endWithShell({ ...world, lockTool: LOCK_TOOL, inspector }, record)
    try {
      await eventually('looks at the shell', () => looks > 1)
      expect(world.machine.log).toEqual([])
      world.machine.end(OWNER)
      await eventually('its end', () => world.machine.log.includes(`SIGKILL ${world.self.pid}`))
    } finally {
      stop()
    }
  })
})

it('a script may take as long as it likes between two iterations when there is no limit on silence', async () => {
  const record = putRun()
  expect(
    pauseSeconds({ record: { ...record, options: { ...record.options, quiet_after: null } } }),
  ).toBeGreaterThan(86_400)
})
