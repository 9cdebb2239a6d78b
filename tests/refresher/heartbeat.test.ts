import { describe, expect, it } from 'vitest'
import type { EventEntry } from '../../src/core/history.ts'
import type { Clock } from '../../src/core/ports.ts'
import type {
  Activity,
  EvidenceSource,
  LockRecord,
  ProcessReference,
  StallCause,
} from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { AttentionState } from '../../src/refresher/attention-watch.ts'
import { Heartbeat } from '../../src/refresher/heartbeat.ts'
import { aRecord, NOW, viewOf, WORKER } from '../fakes/records.ts'

const INTERVAL = 15
const STALE_AFTER = 120

/** A heartbeat whose clock is moved by hand, and whose monitor reports what it is told to. */
class Scene {
  now = NOW.monotonic
  readonly written: LockRecord[] = []
  readonly events: [event: string, detail: string | null][] = []
  /** What the owner was told that the worker hangs for. */
  readonly hung: (StallCause | null)[] = []
  readonly trees: (readonly ProcessReference[])[] = []
  sees: { evidence: EvidenceSource | null; stall: StallCause | null } = { evidence: 'output', stall: null }
  descendants: readonly ProcessReference[] = []
  isDiskFull = false
  asked: AttentionState = { open: null, overEpoch: 0 }
  pings = true
  readonly heartbeat: Heartbeat

  constructor(changes: Partial<RecordFields> = {}) {
    const clock: Clock = {
      epoch: () => NOW.epoch - NOW.monotonic + this.now,
      monotonic: () => this.now,
      sleep: async () => undefined,
    }
    this.heartbeat = new Heartbeat(
      {
        clock,
        monitor: {
          sample: (tree) => {
            this.trees.push(tree)
            return {
              evidence:
                this.sees.evidence === null ? null : { source: this.sees.evidence, epoch: clock.epoch() },
              watch: this.#activity(),
            }
          },
        },
        attention: { look: () => this.asked },
        snapshot: () => viewOf([]),
        descendants: () => this.descendants,
        write: (record) => {
          if (this.isDiskFull) throw new Error('ENOSPC')
          this.written.push(record)
        },
        addHistory: ({ event, detail, generation, iteration, epoch, kind }: EventEntry) => {
          expect({ kind, generation, iteration, epoch }).toEqual({
            kind: 'event',
            generation: 7,
            iteration: 2,
            epoch: clock.epoch(),
          })
          this.events.push([event, detail])
        },
        hung: (cause) => this.hung.push(cause),
      },
      aRecord({ heartbeat_monotonic: NOW.monotonic, watch: null, evidence: null, ...changes }),
    )
  }

  #activity(): Activity {
    const { stall } = this.sees
    return {
      activity: this.now,
      progress: this.now,
      sources: { note: null, output: null, repeat: null, io: null, cpu: null },
      stall: stall === null ? null : { cause: stall, since: this.now - 600 },
      beats: 0,
      longest_quiet: 0,
    }
  }

  tick(): void {
    this.now += INTERVAL
    if (this.pings) this.heartbeat.ping()
    this.heartbeat.tick()
  }

  ticks(count: number): void {
    for (let tick = 0; tick < count; tick += 1) this.tick()
  }

  get last(): LockRecord | undefined {
    return this.written.at(-1)
  }

  get age(): number {
    return this.now - this.heartbeat.record.heartbeat.monotonic
  }
}

const A_STALE_TIME = STALE_AFTER / INTERVAL + 1

describe('a heartbeat', () => {
  it('beats at every tick, counts the beats, and says what they rest on', () => {
    const scene = new Scene()
    scene.ticks(3)
    expect(scene.written.length).toBe(3)
    expect(scene.last).toMatchObject({
      heartbeat: { monotonic: scene.now, epoch: NOW.epoch + 3 * INTERVAL, stale_after: STALE_AFTER },
      evidence: { source: 'output', epoch: NOW.epoch + 3 * INTERVAL },
      watch: { beats: 3, stall: null },
    })
    expect(scene.events).toEqual([])
  })

  it('goes on with the beats of a refresher before it', () => {
    const scene = new Scene({ watch: aRecord().watch })
    scene.tick()
    expect(scene.last?.watch?.beats).toBe(14)
  })

  it('beats within the limits also when a sample finds nothing, on the evidence that there was', () => {
    const scene = new Scene()
    scene.tick()
    scene.sees = { evidence: null, stall: null }
    scene.ticks(5)
    expect(scene.last).toMatchObject({
      heartbeat: { monotonic: scene.now },
      evidence: { source: 'output', epoch: NOW.epoch + INTERVAL },
    })
  })

  it('watches the worker and its descendants, and writes them down', () => {
    const scene = new Scene()
    scene.descendants = [{ pid: 9, pid_started: 90 }]
    scene.tick()
    expect(scene.trees).toEqual([[{ pid: WORKER, pid_started: 1100 }, ...scene.descendants]])
    expect(scene.last?.members).toEqual(scene.descendants)
  })

  it('tells of output that was lost', () => {
    const scene = new Scene()
    scene.heartbeat.lost(4096)
    scene.tick()
    expect(scene.last?.output_lost).toBe(4096)
  })

  it('writes what it has seen when it is to stop, and that is no beat', () => {
    const scene = new Scene()
    scene.tick()
    const beat = scene.now
    scene.now += 5
    expect(scene.heartbeat.stop()).toMatchObject({ heartbeat: { monotonic: beat }, watch: { beats: 1 } })
    // Whoever asked for it is the next to write.
    expect(scene.written.length).toBe(1)
  })

  it('survives a full disk', () => {
    const scene = new Scene()
    scene.isDiskFull = true
    scene.ticks(3)
    scene.isDiskFull = false
    scene.tick()
    expect(scene.last?.watch?.beats).toBe(4)
  })
})

describe('a hang, for the owner', () => {
  it('is told once, when the heartbeat is stale, and again when it is over', () => {
    const scene = new Scene()
    scene.tick()
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(A_STALE_TIME - 1)
    expect(scene.hung).toEqual([])
    scene.ticks(3)
    expect(scene.hung).toEqual(['silent'])
    scene.sees = { evidence: 'output', stall: null }
    scene.ticks(2)
    expect(scene.hung).toEqual(['silent', null])
  })

  it('is told again by a refresher that takes the place of another', () => {
    const { watch } = aRecord()
    if (watch === null) throw new Error('the record of the tests has one')
    const stall = { cause: 'spinning', since: 0 } as const
    const stale = { heartbeat_monotonic: NOW.monotonic - STALE_AFTER - 1 }
    expect(new Scene({ watch: { ...watch, stall }, ...stale }).hung).toEqual(['spinning'])
    expect(new Scene({ watch: { ...watch, stall } }).hung).toEqual([])
  })

  it('is not told for an owner that is stopped, and is once it is there again and the worker still hangs', () => {
    const scene = new Scene()
    scene.tick()
    scene.pings = false
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(A_STALE_TIME + 3)
    expect(scene.events).toEqual([['hung', 'owner-stopped']])
    expect(scene.hung).toEqual([])
    scene.pings = true
    scene.tick()
    expect(scene.hung).toEqual(['silent'])
  })
})

describe('a stall', () => {
  it('is written at every sample, with its cause, and is no beat', () => {
    const scene = new Scene()
    scene.tick()
    const beat = scene.now
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(4)
    expect(scene.written.length).toBe(5)
    expect(scene.last).toMatchObject({
      heartbeat: { monotonic: beat },
      watch: { beats: 1, stall: { cause: 'silent' } },
    })
  })

  it('is written with another cause when that is another', () => {
    const scene = new Scene()
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(2)
    scene.sees = { evidence: 'cpu', stall: 'spinning' }
    scene.ticks(2)
    expect(scene.written.map(({ watch }) => watch?.stall?.cause)).toEqual([
      'silent',
      'silent',
      'spinning',
      'spinning',
    ])
  })

  it.each<StallCause>(['silent', 'repeating', 'spinning', 'stopped', 'awaiting-input'])(
    'is an event when the heartbeat has gone stale, not before, and once: %s',
    (cause) => {
      const scene = new Scene()
      scene.tick()
      scene.sees = { evidence: null, stall: cause }
      while (scene.age <= STALE_AFTER) {
        expect(scene.events).toEqual([])
        scene.tick()
      }
      scene.ticks(5)
      expect(scene.events).toEqual([['hung', cause]])
    },
  )

  it('is over with the next beat, which is an event too', () => {
    const scene = new Scene()
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(A_STALE_TIME)
    scene.sees = { evidence: 'note', stall: null }
    scene.ticks(3)
    expect(scene.events).toEqual([
      ['hung', 'silent'],
      ['active-again', 'note'],
    ])
    expect(scene.last?.watch?.stall).toBeNull()
  })

  it('that is over before the heartbeat goes stale leaves no event', () => {
    const scene = new Scene()
    scene.sees = { evidence: null, stall: 'stopped' }
    scene.ticks(3)
    scene.sees = { evidence: 'cpu', stall: null }
    scene.ticks(3)
    expect(scene.events).toEqual([])
  })

  it('that ends just after the heartbeat has gone stale has its own cause', () => {
    const scene = new Scene()
    scene.tick()
    scene.sees = { evidence: null, stall: 'silent' }
    while (scene.age + INTERVAL <= STALE_AFTER) scene.tick()
    scene.sees = { evidence: 'output', stall: null }
    scene.tick()
    expect(scene.events).toEqual([
      ['hung', 'silent'],
      ['active-again', 'output'],
    ])
  })

  it('can be had again and again', () => {
    const scene = new Scene()
    for (let round = 0; round < 3; round += 1) {
      scene.sees = { evidence: null, stall: 'silent' }
      scene.ticks(A_STALE_TIME)
      scene.sees = { evidence: 'output', stall: null }
      scene.ticks(2)
    }
    expect(scene.events.map(([event]) => event)).toEqual(
      Array.from({ length: 3 }, () => ['hung', 'active-again']).flat(),
    )
  })

  it('that the refresher before has told of is not told again', () => {
    const stalled = { ...(aRecord().watch as Activity), stall: { cause: 'silent', since: 1 } as const }
    const scene = new Scene({
      watch: stalled,
      heartbeat_monotonic: NOW.monotonic - 2 * STALE_AFTER,
    })
    scene.sees = { evidence: null, stall: 'silent' }
    scene.ticks(3)
    expect(scene.events).toEqual([])
    scene.sees = { evidence: 'output', stall: null }
    scene.tick()
    expect(scene.events).toEqual([['active-again', 'output']])
  })
})

describe('an owner that pings no more', () => {
  it('is not vouched for: nothing is written, and the worker is not looked at', () => {
    const scene = new Scene()
    scene.ticks(2)
    const { length } = scene.written
    scene.pings = false
    scene.ticks(2)
    const samples = scene.trees.length
    scene.ticks(A_STALE_TIME + 3)
    // Two ticks are within its patience.
    expect(scene.written.length).toBe(length + 2)
    expect(scene.trees.length).toBe(samples)
    expect(scene.events).toEqual([['hung', 'owner-stopped']])
    scene.pings = true
    scene.tick()
    expect(scene.events).toEqual([
      ['hung', 'owner-stopped'],
      ['active-again', 'output'],
    ])
  })

  it('and pings again just after the heartbeat has gone stale is the cause', () => {
    const scene = new Scene()
    scene.tick()
    scene.pings = false
    while (scene.age + INTERVAL <= STALE_AFTER) scene.tick()
    scene.pings = true
    scene.tick()
    expect(scene.events).toEqual([
      ['hung', 'owner-stopped'],
      ['active-again', 'output'],
    ])
  })
})

it('a refresher that was stopped itself says so when it goes on', () => {
  const scene = new Scene()
  scene.ticks(2)
  scene.now += 10 * STALE_AFTER
  scene.tick()
  expect(scene.events).toEqual([
    ['hung', 'refresher-gone'],
    ['active-again', 'output'],
  ])
})

describe('a worker that needs a person', () => {
  const ASKED: AttentionState = {
    open: { kind: 'permission', text: 'rm', since_epoch: NOW.epoch },
    overEpoch: 0,
  }

  it('is an event at once, and keeps the heartbeat from beating until that is over', () => {
    const scene = new Scene()
    scene.heartbeat.tick()
    scene.asked = ASKED
    scene.heartbeat.look()
    scene.heartbeat.look()
    expect(scene.events).toEqual([['needs-input', 'permission: rm']])
    const before = scene.heartbeat.record.heartbeat.epoch
    scene.ticks(A_STALE_TIME)
    expect(scene.heartbeat.record.heartbeat.epoch).toBe(before)
    expect(scene.last?.watch?.stall).toEqual({ cause: 'awaiting-input', since: NOW.monotonic })
    expect(scene.events.at(-1)).toEqual(['hung', 'awaiting-input'])

    scene.asked = { open: null, overEpoch: NOW.epoch }
    scene.heartbeat.look()
    expect(scene.last?.watch?.attention_over).toBe(NOW.epoch)
    scene.tick()
    expect(scene.last?.watch).toMatchObject({ stall: null, attention_over: NOW.epoch })
    expect(scene.age).toBe(0)
    expect(scene.events.at(-1)?.[0]).toBe('active-again')
  })

  it('reads as stopped when it is stopped', () => {
    const scene = new Scene()
    scene.asked = ASKED
    scene.sees = { evidence: null, stall: 'stopped' }
    scene.heartbeat.tick()
    expect(scene.last?.watch?.stall?.cause).toBe('stopped')
  })
})
