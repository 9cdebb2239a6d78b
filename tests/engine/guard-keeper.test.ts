/** The engine's side of guard and watchdog, with processes that only seem to be. */
import { mkdirSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { GuardKeeper } from '../../src/engine/guard-keeper.ts'
import { Owner } from '../../src/engine/owner.ts'
import { encodeLine, type GuardMessage, type OwnerMessage } from '../../src/guard/protocol.ts'
import { readRecord } from '../../src/store/read-record.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import { eventually } from '../fakes/eventually.ts'
import { HELD } from '../fakes/lock.ts'
import { aProcess } from '../fakes/records.ts'
import { type FakeChild, type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'

const SCRIPT_FD = 40
const LOCK = { ...HELD, fd: 41, share: () => 41 }

let world: FakeWorld
let owner: Owner
let keeper: GuardKeeper

const aKeeper = (isNeededAtOnce: boolean, there: FakeWorld = world): GuardKeeper =>
  new GuardKeeper(there, owner, SCRIPT_FD, {
    readers: [50],
    isNeededAtOnce,
    terminal: null,
    recording: {
      dir: '/runs',
      secret: 's',
      logLimit: 1,
      untilOutput: null,
      streams: [{ show: 1, pane: null }],
    },
  })

beforeEach(() => {
  world = fakeWorld()
  mkdirSync(world.paths('demo').home)
  const record = putRecord(world, { watch: null, members: [], refresher: null, tmux: null })
  owner = new Owner({
    world,
    paths: world.paths('demo'),
    lock: LOCK,
    otherLocks: [],
    record,
    environment: {},
  })
  keeper = aKeeper(true)
  keeper.start(() => undefined)
})

const watchdogs = (): readonly FakeChild[] => world.started.filter(({ command }) => command[0] === '/bin/sh')
const guards = (): readonly FakeChild[] => world.started.filter(({ command }) => command[0] !== '/bin/sh')
const guard = (): FakeChild => guards().at(-1) as FakeChild
const say = (child: FakeChild, message: GuardMessage): void => void child.reports.write(encodeLine(message))
const ready = (child = guard()): void =>
  say(child, { kind: 'ready', reference: { pid: child.pid, pid_started: 5 } })

/** All that a child was told, but its configuration. */
const heard = (child: FakeChild): readonly OwnerMessage['kind'][] => {
  const text = (child.stdin.read() as Buffer | null)?.toString() ?? ''
  const lines = text.split('\n').filter((line) => line !== '')
  const messages = lines.map((line) => JSON.parse(line) as OwnerMessage)
  const all = [
    ...(told.get(child) ?? []),
    ...messages.flatMap(({ kind }) => (kind === undefined ? [] : [kind])),
  ]
  told.set(child, all)
  return all
}
const isWatchdogTold = (line: string, child: FakeChild) =>
  eventually(`it is told ${line}`, () => {
    const text = (lines.get(child) ?? '') + ((child.stdin.read() as Buffer | null)?.toString() ?? '')
    lines.set(child, text)
    return text.split('\n').includes(line)
  })
const lines = new WeakMap<FakeChild, string>()
const told = new WeakMap<FakeChild, readonly OwnerMessage['kind'][]>()

const isTold = (kind: OwnerMessage['kind'], child = guard()) =>
  eventually(`it is told to ${kind}`, () => heard(child).includes(kind))

const watching = async (): Promise<void> => {
  ready()
  await eventually('it is known', () => keeper.reference !== null)
  keeper.watch()
  await isTold('watch')
}

describe('guard and watchdog', () => {
  it('are started with the script by its descriptor, the watchdog without the lock and the terminal', () => {
    const [watchdog] = watchdogs()
    expect(watchdog?.options.stdio).toEqual(['pipe', 'ignore', 'ignore', 'ignore', 'ignore', SCRIPT_FD, 50])
    expect(guard().options.stdio).toEqual(['pipe', 'inherit', 'ignore', 'pipe', LOCK.fd, SCRIPT_FD, 50])
    for (const { options } of world.started) {
      expect(options.detached).toBe(true)
      const ours = Object.keys(options.env ?? {}).filter((name) => name.startsWith('LOCK_'))
      expect(ours).toEqual(options === watchdog?.options ? ['LOCK_WATCHDOG_CONFIG'] : [])
    }
  })

  it('are there before a worker is: nobody waits for the guard to be ready', async () => {
    await keeper.ensure()
    expect(keeper.reference).toBeNull()
  })

  it('are started again when they die', async () => {
    watchdogs()[0]?.emit('exit', null, 'SIGKILL')
    guard().emit('exit', null, 'SIGKILL')
    await eventually('there are others', () => watchdogs().length === 2 && guards().length === 2)
    await isWatchdogTold(`guard ${guard().pid}`, watchdogs()[1] as FakeChild)
    expect(world.notified).toEqual([
      'the watchdog of this run has ended (SIGKILL); starting another',
      'the guard of this run has ended (SIGKILL); starting another',
    ])
  })

  it('look at what the run stands on, once the guard is ready, and say what is gone', async () => {
    let gone = 0
    keeper.onGone(() => {
      gone += 1
    })
    expect(keeper.isLooking).toBe(false)
    ready()
    await eventually('it looks', () => keeper.isLooking)
    say(guard(), { kind: 'gone' })
    await eventually('it is told', () => gone === 1)
    guard().emit('exit', null, 'SIGKILL')
    await eventually('nobody looks', () => !keeper.isLooking)
  })

  it('are told of the end, and not started again afterwards', async () => {
    keeper.end()
    await isTold('end')
    await isWatchdogTold('end', watchdogs()[0] as FakeChild)
    // Somebody may have stopped them, and nobody else would let them go on.
    expect([guard(), watchdogs()[0]].map((child) => child?.signals)).toEqual([['SIGCONT'], ['SIGCONT']])
    guard().emit('exit', 0, null)
    watchdogs()[0]?.emit('exit', 0, null)
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.started.length).toBe(2)
  })

  it('refuse a worker when neither can be started', async () => {
    const failing: FakeWorld = Object.create(world, {
      spawn: {
        value: (...args: Parameters<FakeWorld['spawn']>) =>
          Object.assign(world.spawn(...args), { pid: undefined }),
      },
    })
    const alone = new GuardKeeper(failing, owner, SCRIPT_FD, {
      readers: [],
      isNeededAtOnce: true,
      terminal: null,
      recording: { dir: '/runs', secret: 's', logLimit: 1, untilOutput: null, streams: [] },
    })
    alone.start(() => undefined)
    await expect(alone.ensure()).rejects.toThrow(/neither a guard nor a watchdog/)
  })
})

describe('a guard that is not needed at once', () => {
  let late: GuardKeeper
  let passTime: () => void

  beforeEach(() => {
    const known = world.started.length
    const moment = new Promise<void>((resolve) => {
      passTime = resolve
    })
    const clock = { ...world.clock, sleep: () => moment }
    const still: FakeWorld = Object.create(world, {
      clock: { value: clock },
      started: { get: () => world.started.slice(known) },
    })
    late = aKeeper(false, still)
    late.start(() => undefined)
    lateChildren = () => still.started
  })
  let lateChildren: () => readonly FakeChild[]
  const lateGuards = () => lateChildren().filter(({ command }) => command[0] !== '/bin/sh')

  it('is not started for a run that is over before, and the watchdog guards it', async () => {
    await late.ensure()
    late.begin(1)
    late.watch()
    await late.pause()
    late.end()
    late.startNow()
    passTime()
    await new Promise((resolve) => setImmediate(resolve))
    expect([lateChildren().length, lateGuards().length, late.isStarted]).toEqual([1, 0, false])
  })

  it('is started when the watchdog dies before there is one', () => {
    expect(lateGuards().length).toBe(0)
    lateChildren()[0]?.emit('exit', null, 'SIGKILL')
    expect(lateGuards().length).toBe(1)
  })

  it('is started when there is something to record, once, in the iteration that has begun', async () => {
    late.begin(7)
    late.startNow()
    late.startNow()
    late.begin(8)
    expect(lateGuards().length).toBe(1)
    const started = lateGuards()[0] as FakeChild
    const config = JSON.parse(String(started.stdin.read())) as { recording: { iteration: number } }
    expect(config.recording.iteration).toBe(7)
    await isWatchdogTold(`guard ${started.pid}`, lateChildren()[0] as FakeChild)
  })

  it('is started after a moment', async () => {
    expect(lateGuards().length).toBe(0)
    passTime()
    await eventually('it is there', () => lateGuards().length === 1)
  })
})

describe('the record', () => {
  it('is not given to a guard before that is ready to answer', async () => {
    keeper.watch()
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard(guard())).toEqual([])
    ready()
    await isTold('watch')
  })

  it('is not exchanged for an iteration that is over before', async () => {
    ready()
    await eventually('it is known', () => keeper.reference !== null)
    await keeper.pause()
    expect(heard(guard())).toEqual([])
  })

  it('is taken back with what the guard has seen, when the guard has stopped to write', async () => {
    await watching()
    const pausing = keeper.pause()
    await isTold('pause')
    const members = [{ pid: 77, pid_started: 7 }]
    say(guard(), {
      kind: 'paused',
      id: 1,
      observed: { members, watch: null, evidence: { source: 'output', epoch: 9 }, output_lost: 3 },
    })
    await pausing
    expect(owner.record).toMatchObject({ members, evidence: { source: 'output' }, output_lost: 3 })
  })

  it('is taken back by killing a guard that does not answer', async () => {
    await watching()
    const silent = guard()
    world.machine.add(silent.pid, undefined, aProcess(silent.pid, { state: 'stopped' }))
    const pausing = keeper.pause()
    await eventually('it is killed', () => silent.signals.includes('SIGKILL'))
    silent.emit('exit', null, 'SIGKILL')
    await pausing
  })

  it("goes to the next guard as the last one's beats have left it: a heartbeat never goes back", async () => {
    await watching()
    const beat = { ...owner.record.heartbeat, epoch: owner.record.heartbeat.epoch + 40, monotonic: 140 }
    const members = [{ pid: 77, pid_started: 7 }]
    writeRecord(HELD, owner.paths.record, { ...owner.record, heartbeat: beat, members }, false)
    guard().emit('exit', null, 'SIGKILL')
    await eventually('there is another', () => guards().length === 2)
    expect(owner.record).toMatchObject({ heartbeat: beat, members })
    ready()
    await isTold('watch')
    const stored = readRecord(owner.paths.record, 'demo')
    expect(stored.kind === 'record' && stored.record.heartbeat).toEqual(beat)
  })

  it('keeps count of output that is lost', async () => {
    say(guard(), { kind: 'lost', bytes: 500, reason: 'ENOSPC' })
    await eventually('it is known', () => owner.record.output_lost === 500)
  })
})
