import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import { type Claim, type ClaimRequest, claim } from '../../src/engine/claim.ts'
import { openSession } from '../../src/session/session.ts'
import { readHistory } from '../../src/store/history.ts'
import { probeLock } from '../../src/store/kernel-lock.ts'
import { readRequest } from '../../src/store/requests.ts'
import { eventually } from '../fakes/eventually.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { holdLock, LOCK_TOOL } from '../fakes/lock.ts'
import { ignoresTerm, obeys, type Reaction } from '../fakes/machine.ts'
import { OWNER, owner, REFRESHER, refresher, WORKER, worker } from '../fakes/records.ts'
import { type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const SELF = { started: 2000, name: 'node' }

/** An engine that has just been started, and nobody else. */
const newcomer = (env: Readonly<Record<string, string>> = {}): FakeWorld => {
  const world = fakeWorld({ LOCK_CGROUP_STRATEGY: 'none', ...env }, { lockTool: LOCK_TOOL })
  world.machine.add(world.self.pid, obeys, SELF)
  return world
}

const request = (changes: Partial<ClaimRequest> = {}): ClaimRequest => ({
  name: 'demo',
  command: ['make', 'all'],
  cwd: '/',
  iterations: undefined,
  options: {},
  force: false,
  resume: false,
  fresh: false,
  waitSeconds: undefined,
  ...changes,
})

const NEVER = new AbortController().signal

const claiming = (world: FakeWorld, changes: Partial<ClaimRequest> = {}, giveUp = NEVER): Promise<Claim> =>
  claim(world, request(changes), null, giveUp)

const lockState = (world: FakeWorld): string => probeLock(world.paths('demo').lock, LOCK_TOOL)
const recordOf = (world: FakeWorld): LockRecord | null => openSession(world, 'demo').snapshot().record
const eventsOf = (world: FakeWorld): readonly string[] =>
  readHistory(world.paths('demo')).entries.map((entry) =>
    entry.kind === 'event' ? entry.event : `${entry.iteration} ${entry.result}`,
  )

/** A run of another engine. */
const lastRun = (world: FakeWorld, changes: Partial<RecordFields> = {}): LockRecord => {
  mkdirSync(world.paths('demo').home)
  return putRecord(world, { cwd: '/', tmux: null, ...changes })
}

/** It lives, holds the lock, and lets go of it when it ends. */
const livingOwner = async (world: FakeWorld, react: Reaction = obeys): Promise<void> => {
  lastRun(world)
  const lock = await holdLock(world.paths('demo').lock)
  world.machine.add(
    OWNER,
    (signal, self, machine) => {
      react(signal, self, machine)
      if (!machine.hasProcess(OWNER)) lock.release()
    },
    owner(),
  )
}

describe('a claim of a session that has never run', () => {
  it('writes the first record, and holds the lock', async () => {
    const world = newcomer()
    const { owner: tenure, plan } = await claiming(world, { iterations: 3 })
    expect(recordOf(world)).toEqual(tenure.record)
    expect(tenure.record).toMatchObject({
      generation: 1,
      phase: 'starting',
      owner: { pid: world.self.pid, pid_started: 2000, host: 'here', user: 'ann' },
      iteration: { number: 0, total: 3 },
      command: ['make', 'all'],
    })
    expect(plan).toMatchObject({ first: 1, continues: null })
    expect(lockState(world)).toBe('held')
    expect(eventsOf(world)).toEqual(['claimed'])
    tenure.lock.release()
  })

  it('lets go of the lock when there is nothing to run', async () => {
    const world = newcomer()
    expect((await rejectionOf(claiming(world, { command: null }))).exitCode).toBe(64)
    expect(lockState(world)).toBe('free')
    expect(recordOf(world)).toBeNull()
  })

  it('lets go of the lock when the directory of the command is not there', async () => {
    const world = newcomer()
    expect((await rejectionOf(claiming(world, { cwd: '/no/such/place' }))).exitCode).toBe(74)
    expect(lockState(world)).toBe('free')
  })
})

describe('a claim after a run that has ended', () => {
  it('goes on with an unfinished one', async () => {
    const world = newcomer()
    const ended = { epoch: 1, reason: 'interrupted', exit_code: 130 } as const
    lastRun(world, { phase: 'ended', ended, worker: null, refresher: null })
    const { owner: tenure, plan } = await claiming(world, { command: null })
    expect(tenure.record).toMatchObject({ generation: 8, command: ['./agent.sh', '--fast'] })
    expect(plan.first).toBe(3)
    expect(eventsOf(world)).toEqual(['resumed'])
    tenure.lock.release()
  })

  it('moves aside what is no record, and counts on', async () => {
    const world = newcomer()
    mkdirSync(world.paths('demo').home)
    mkdirSync(world.paths('demo').runs)
    mkdirSync(world.paths('demo').run(4))
    writeFileSync(world.paths('demo').record, '{"format": 1, "torn')
    const { owner: tenure } = await claiming(world)
    expect(tenure.record.generation).toBe(5)
    expect(readdirSync(world.lockDir).filter((name) => name.startsWith('demo.json.corrupt-'))).toHaveLength(1)
    expect(world.notified[0]).toMatch(/^the record is not JSON; moved aside to /)
    tenure.lock.release()
  })

  it('refuses a record of a newer format, which stays', async () => {
    const world = newcomer()
    writeFileSync(world.paths('demo').record, '{"format": 2}')
    expect((await rejectionOf(claiming(world))).exitCode).toBe(65)
    expect(openSession(world, 'demo').snapshot().stored.kind).toBe('newer')
    expect(lockState(world)).toBe('free')
  })
})

describe('a claim after an owner that has died', () => {
  it('ends its worker, enters its iteration and counts it as spent', async () => {
    const world = newcomer()
    lastRun(world)
    world.machine.add(WORKER, ignoresTerm, worker())
    const { owner: tenure, plan } = await claiming(world, { command: null })
    expect(world.machine.hasProcess(WORKER)).toBe(false)
    expect(world.notified).toContain('ended 1 process that run 7 left behind, 1 of them by SIGKILL')
    expect(eventsOf(world)).toEqual(['2 killed', 'resumed'])
    expect(plan.first).toBe(3)
    tenure.lock.release()
  })

  it('does not start beside a worker that cannot be ended', async () => {
    const world = newcomer()
    lastRun(world)
    world.machine.add(WORKER, () => undefined, worker())
    const failure = await rejectionOf(claiming(world))
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain(`pid ${WORKER}`)
    expect(recordOf(world)?.generation).toBe(7)
    expect(lockState(world)).toBe('free')
  })

  it('waits for its refresher, and resumes that one when it is stopped', async () => {
    const world = newcomer()
    lastRun(world)
    const lock = await holdLock(world.paths('demo').lock)
    world.machine.add(
      REFRESHER,
      (signal, _, machine) => {
        if (signal !== 'SIGCONT') return
        machine.end(REFRESHER)
        lock.release()
      },
      refresher({ state: 'stopped' }),
    )
    const { owner: tenure } = await claiming(world)
    expect(world.machine.log).toContain(`SIGCONT ${REFRESHER}`)
    tenure.lock.release()
  })

  it('does not start in another namespace, where its worker cannot be seen; --force does', async () => {
    const world = newcomer()
    lastRun(world, { pid_namespace: 'pid:[2]' })
    expect((await rejectionOf(claiming(world))).message).toContain('in another PID namespace')
    const { owner: tenure } = await claiming(world, { force: true })
    expect(tenure.record.generation).toBe(8)
    expect(eventsOf(world).at(-1)).toBe('forced')
    tenure.lock.release()
  })
})

describe('a claim of a session whose owner lives', () => {
  it('is refused, and says who holds it', async () => {
    const world = newcomer()
    await livingOwner(world)
    const failure = await rejectionOf(claiming(world))
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain(`pid ${OWNER} (ann@here)`)
    expect(world.machine.log).toEqual([])
  })

  it('is refused also when somebody has replaced the lock file', async () => {
    const world = newcomer()
    lastRun(world)
    world.machine.add(OWNER, obeys, owner())
    const failure = await rejectionOf(claiming(world))
    expect(failure.message).toContain('Its kernel lock is free all the same')
    expect(recordOf(world)?.generation).toBe(7)
    expect(lockState(world)).toBe('free')
  })

  it('is refused from inside of the session itself, also by force', async () => {
    const world = newcomer({ LOCK_COOKIE: 'c0ffee' })
    await livingOwner(world)
    expect((await rejectionOf(claiming(world, { force: true }))).message).toContain('inside demo itself')
    expect(world.machine.log).toEqual([])
  })

  it('takes it over by force', async () => {
    const world = newcomer()
    await livingOwner(world)
    const { owner: tenure } = await claiming(world, { force: true })
    expect(world.machine.log).toContain(`SIGTERM ${OWNER}`)
    expect(tenure.record).toMatchObject({ generation: 8, command: ['make', 'all'], iteration: { number: 2 } })
    expect(eventsOf(world)).toEqual(['2 killed', 'forced'])
    // The request was for the owner that was; the new one would take it for its own.
    expect(readRequest(world.paths('demo'), 7)).toBeNull()
    tenure.lock.release()
  })

  it('does not end it for a run that cannot start', async () => {
    const world = newcomer()
    await livingOwner(world)
    const options = { stale_after: 1, heartbeat_interval: 10 }
    expect((await rejectionOf(claiming(world, { force: true, options }))).exitCode).toBe(64)
    const cwd = '/no/such/place'
    expect((await rejectionOf(claiming(world, { force: true, cwd }))).exitCode).toBe(74)
    expect(world.machine.log).toEqual([])
  })
})

describe('a claim that waits', () => {
  it('acts on the record that is there when it has the lock, and not on the one that it has seen before', async () => {
    const world = newcomer()
    lastRun(world)
    const lock = await holdLock(world.paths('demo').lock)
    world.machine.add(OWNER, obeys, owner())
    const claimed = claiming(world, { command: null, waitSeconds: Number.POSITIVE_INFINITY })
    await eventually('it waits', () =>
      world.notified.some((line) => line.startsWith('waiting, 1st in line: demo is held by ')),
    )
    const ended = { epoch: 1, reason: 'interrupted', exit_code: 130 } as const
    putRecord(world, {
      generation: 9,
      iteration: 4,
      last_iteration: null,
      cwd: '/',
      command: ['true'],
      phase: 'ended',
      ended,
      worker: null,
    })
    lock.release()
    const { owner: tenure, plan } = await claimed
    expect(tenure.record).toMatchObject({ generation: 10, command: ['true'] })
    expect(plan.first).toBe(5)
    expect(eventsOf(world)).toEqual(['resumed'])
    tenure.lock.release()
  })

  it('ends at once when it is told to give up', async () => {
    const world = newcomer()
    await livingOwner(world)
    const giveUp = new AbortController()
    const claimed = claiming(world, { waitSeconds: Number.POSITIVE_INFINITY }, giveUp.signal)
    await eventually('it waits', () => world.notified.length > 0)
    giveUp.abort()
    expect((await rejectionOf(claimed)).exitCode).toBe(75)
  })
})
