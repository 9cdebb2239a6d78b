/**
 * Never does a heartbeat of the record decrease: the owner's writes, the guard's beats, what a guard that died has left,
 * and what the next one is given, in any order. Owner, keeper, heartbeat and record are real; the guard's process, the
 * clocks and what is seen of the worker are fakes.
 */
import { mkdirSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import type { Clock } from '../../src/core/ports.ts'
import type { LockRecord, StallCause } from '../../src/core/record.ts'
import { GuardKeeper } from '../../src/engine/guard-keeper.ts'
import { Owner } from '../../src/engine/owner.ts'
import { encodeLine, type GuardMessage, type OwnerMessage } from '../../src/guard/protocol.ts'
import { Heartbeat } from '../../src/refresher/heartbeat.ts'
import { readRecord } from '../../src/store/read-record.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import { HELD } from '../fakes/lock.ts'
import { viewOf } from '../fakes/records.ts'
import { type FakeChild, type FakeWorld, fakeWorld, putRecord } from '../fakes/world.ts'
import { cases, limitless } from './cases.ts'

vi.setConfig(limitless)

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** What a guard's process would do with its messages. */
class FakeGuard {
  readonly child: FakeChild
  readonly #scene: Scene
  #heartbeat: Heartbeat | null = null
  #isReady = false
  #rest = ''

  constructor(scene: Scene, child: FakeChild) {
    this.#scene = scene
    this.child = child
  }

  say(message: GuardMessage): void {
    this.child.reports.write(encodeLine(message))
  }

  becomeReady(): void {
    if (!this.#isReady) this.say({ kind: 'ready', reference: { pid: this.child.pid, pid_started: 5 } })
    this.#isReady = true
  }

  hear(): void {
    this.#rest += (this.child.stdin.read() as Buffer | null)?.toString() ?? ''
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#take(JSON.parse(line) as OwnerMessage)
  }

  tick(): void {
    this.#heartbeat?.tick()
  }

  #take(message: OwnerMessage): void {
    if (message.kind === 'watch') {
      this.#heartbeat = this.#scene.heartbeatOf(message.record)
      this.#heartbeat.tick()
    }
    if (message.kind === 'ping') this.#heartbeat?.ping()
    if (message.kind === 'pause') {
      const seen = this.#heartbeat?.stop() ?? null
      this.#heartbeat = null
      const observed = seen && {
        members: seen.members,
        watch: seen.watch,
        evidence: seen.evidence,
        output_lost: seen.output_lost,
      }
      this.say({ kind: 'paused', id: message.id, observed })
    }
  }
}

class Scene {
  readonly #fake: FakeWorld = fakeWorld()
  readonly world: FakeWorld
  readonly owner: Owner
  readonly keeper: GuardKeeper
  readonly #guards = new Map<FakeChild, FakeGuard>()
  #wallOffset = 0
  #passed = 0
  stall: StallCause | null = null
  isDiskFull = false
  /** Of the record, after each step. */
  readonly seen: number[] = []

  constructor() {
    const now = () => ({ epoch: this.#clock.epoch(), monotonic: this.#clock.monotonic() })
    this.world = Object.create(this.#fake, { clock: { value: this.#clock }, now: { value: now } })
    mkdirSync(this.world.paths('demo').home)
    const changes = { watch: null, members: [], refresher: null, tmux: null, ...flatNow(now()) }
    const record = putRecord(this.world, changes)
    const paths = this.world.paths('demo')
    this.owner = new Owner({
      world: this.world,
      paths,
      lock: { ...HELD, fd: 41 },
      otherLocks: [],
      record,
      environment: {},
    })
    this.keeper = new GuardKeeper(this.world, this.owner, 40, {
      readers: [],
      isNeededAtOnce: true,
      terminal: null,
      recording: { dir: '/runs', secret: 's', logLimit: 1, untilOutput: null, streams: [] },
    })
    this.keeper.start(() => undefined)
  }

  readonly #clock: Clock = {
    epoch: () => this.#fake.clock.epoch() + this.#passed + this.#wallOffset,
    monotonic: () => this.#fake.clock.monotonic() + this.#passed,
    sleep: (seconds, signal) => this.#fake.clock.sleep(seconds, signal),
  }

  guard(): FakeGuard {
    const child = this.world.started.filter(({ command }) => command[0] !== '/bin/sh').at(-1) as FakeChild
    const known = this.#guards.get(child) ?? new FakeGuard(this, child)
    this.#guards.set(child, known)
    return known
  }

  heartbeatOf(record: LockRecord): Heartbeat {
    const clock = this.#clock
    return new Heartbeat(
      {
        clock,
        monitor: {
          sample: () => ({
            evidence: { source: 'output', epoch: clock.epoch() },
            watch: {
              activity: clock.monotonic(),
              progress: clock.monotonic(),
              sources: { note: null, output: null, repeat: null, io: null, cpu: null },
              stall: this.stall === null ? null : { cause: this.stall, since: 0 },
              beats: 0,
              longest_quiet: 0,
            },
          }),
        },
        attention: { look: () => ({ open: null, overEpoch: 0 }) },
        snapshot: () => viewOf([]),
        descendants: () => [],
        write: (written) => {
          if (this.isDiskFull) throw new Error('ENOSPC')
          writeRecord(HELD, this.owner.paths.record, written, false)
        },
        addHistory: () => undefined,
        hung: () => undefined,
      },
      record,
    )
  }

  pass(seconds: number): void {
    this.#passed += seconds
  }

  setWallClock(offset: number): void {
    this.#wallOffset = offset
  }

  /** Until everybody has heard what the others have said. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await turns()
      this.guard().hear()
    }
    const stored = readRecord(this.owner.paths.record, 'demo')
    if (stored.kind === 'record') this.seen.push(stored.record.heartbeat.monotonic)
  }

  async nextIteration(): Promise<void> {
    const pausing = this.keeper.pause()
    await this.settle()
    await pausing
    const number = this.owner.record.iteration.number + 1
    this.owner.write({ iteration: { ...this.owner.record.iteration, number }, watch: null })
    this.keeper.watch()
    await this.settle()
  }
}

const flatNow = ({ epoch, monotonic }: { epoch: number; monotonic: number }) => ({
  heartbeat_epoch: epoch,
  heartbeat_monotonic: monotonic,
})

type Step = { readonly words: string; readonly take: (scene: Scene) => Promise<void> | void }

const step = (words: string, take: Step['take']): fc.Arbitrary<Step> => fc.constant({ words, take })
const seconds = fc.integer({ min: 0, max: 400 })

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: step('a tick of the guard', (scene) => scene.guard().tick()) },
  {
    weight: 3,
    arbitrary: seconds.map((n) => ({ words: `${n} s pass`, take: (scene: Scene) => scene.pass(n) })),
  },
  { weight: 3, arbitrary: step('the guard is ready', (scene) => scene.guard().becomeReady()) },
  {
    weight: 3,
    arbitrary: step('the guard dies', (scene) => void scene.guard().child.emit('exit', null, 'SIGKILL')),
  },
  { weight: 2, arbitrary: step('the next iteration', (scene) => scene.nextIteration()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<StallCause | null>('silent', 'repeating', null).map((stall) => ({
      words: `stall ${stall}`,
      take: (scene: Scene) => {
        scene.stall = stall
      },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -1e6, max: 1e6 }).map((offset) => ({
      words: `the wall clock is ${offset} s off`,
      take: (scene: Scene) => scene.setWallClock(offset),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isFull) => ({
      words: isFull ? 'the disk is full' : 'the disk has room',
      take: (scene: Scene) => {
        scene.isDiskFull = isFull
      },
    })),
  },
)

it('a heartbeat of the record never decreases', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (list) => {
      const scene = new Scene()
      scene.keeper.watch()
      await scene.settle()
      for (const { take } of list) {
        await take(scene)
        await scene.settle()
      }
      expect(scene.seen).toEqual([...scene.seen].sort((a, b) => a - b))
    }),
    cases(60),
  )
})
