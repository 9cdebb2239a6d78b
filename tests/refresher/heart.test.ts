import { describe, expect, it } from 'vitest'
import type { EventEntry } from '../../src/core/history.ts'
import type { Clock } from '../../src/core/ports.ts'
import type {
  EvidenceSource,
  LockRecord,
  ProcessReference,
  StallCause,
  Watch,
} from '../../src/core/record.ts'
import { Heart } from '../../src/refresher/heart.ts'
import { aRecord, NOW, viewOf, WORKER } from '../fakes/records.ts'

const INTERVAL = 15
const STALE_AFTER = 120

/** A heart in a world where time passes by hand, and where the watch sees what it is told to. */
class Patient {
  now = NOW.monotonic
  readonly written: LockRecord[] = []
  readonly events: [event: string, detail: string | null][] = []
  readonly trees: (readonly ProcessReference[])[] = []
  sees: { evidence: EvidenceSource | null; stall: StallCause | null } = { evidence: 'output', stall: null }
  members: readonly ProcessReference[] = []
  isDiskFull = false
  pings = true
  readonly heart: Heart

  constructor(changes: Partial<LockRecord> = {}) {
    const clock: Clock = {
      epoch: () => NOW.epoch - NOW.monotonic + this.now,
      monotonic: () => this.now,
      sleep: async () => undefined,
    }
    this.heart = new Heart(
      {
        clock,
        watch: {
          sample: (tree) => {
            this.trees.push(tree)
            return {
              evidence:
                this.sees.evidence === null ? null : { source: this.sees.evidence, epoch: clock.epoch() },
              watch: this.#watch(),
            }
          },
        },
        look: () => viewOf([]),
        members: () => this.members,
        write: (record) => {
          if (this.isDiskFull) throw new Error('ENOSPC')
          this.written.push(record)
        },
        remember: ({ event, detail, generation, iteration, epoch, kind }: EventEntry) => {
          expect({ kind, generation, iteration, epoch }).toEqual({
            kind: 'event',
            generation: 7,
            iteration: 2,
            epoch: clock.epoch(),
          })
          this.events.push([event, detail])
        },
      },
      aRecord({ heartbeat_monotonic: NOW.monotonic, watch: null, evidence: null, ...changes }),
    )
  }

  #watch(): Watch {
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
    if (this.pings) this.heart.ping()
    this.heart.tick()
  }

  ticks(count: number): void {
    for (let tick = 0; tick < count; tick += 1) this.tick()
  }

  get last(): LockRecord | undefined {
    return this.written.at(-1)
  }

  get age(): number {
    return this.now - this.heart.record.heartbeat_monotonic
  }
}

const A_STALE_TIME = STALE_AFTER / INTERVAL + 1

describe('a heart', () => {
  it('beats at every tick, counts the beats, and says what they rest on', () => {
    const patient = new Patient()
    patient.ticks(3)
    expect(patient.written.length).toBe(3)
    expect(patient.last).toMatchObject({
      heartbeat_monotonic: patient.now,
      heartbeat_epoch: NOW.epoch + 3 * INTERVAL,
      evidence: { source: 'output', epoch: NOW.epoch + 3 * INTERVAL },
      watch: { beats: 3, stall: null },
      stale_after: STALE_AFTER,
    })
    expect(patient.events).toEqual([])
  })

  it('goes on with the beats of a refresher before it', () => {
    const patient = new Patient({ watch: aRecord().watch })
    patient.tick()
    expect(patient.last?.watch?.beats).toBe(14)
  })

  it('beats within the limits also when a look finds nothing, on the evidence that there was', () => {
    const patient = new Patient()
    patient.tick()
    patient.sees = { evidence: null, stall: null }
    patient.ticks(5)
    expect(patient.last).toMatchObject({
      heartbeat_monotonic: patient.now,
      evidence: { source: 'output', epoch: NOW.epoch + INTERVAL },
    })
  })

  it('watches the worker and its descendants, and writes them down', () => {
    const patient = new Patient()
    patient.members = [{ pid: 9, pid_started: 90 }]
    patient.tick()
    expect(patient.trees).toEqual([[{ pid: WORKER, pid_started: 1100 }, ...patient.members]])
    expect(patient.last?.members).toEqual(patient.members)
  })

  it('tells of output that was lost', () => {
    const patient = new Patient()
    patient.heart.lost(4096)
    patient.tick()
    expect(patient.last?.output_lost).toBe(4096)
  })

  it('writes what it has seen when it is to stop, and that is no beat', () => {
    const patient = new Patient()
    patient.tick()
    const beat = patient.now
    patient.now += 5
    patient.heart.stop()
    expect(patient.last).toMatchObject({ heartbeat_monotonic: beat, watch: { beats: 1 } })
  })

  it('survives a full disk', () => {
    const patient = new Patient()
    patient.isDiskFull = true
    patient.ticks(3)
    patient.isDiskFull = false
    patient.tick()
    expect(patient.last?.watch?.beats).toBe(4)
  })
})

describe('a stall', () => {
  it('is written at every look, with its cause, and is no beat', () => {
    const patient = new Patient()
    patient.tick()
    const beat = patient.now
    patient.sees = { evidence: null, stall: 'silent' }
    patient.ticks(4)
    expect(patient.written.length).toBe(5)
    expect(patient.last).toMatchObject({
      heartbeat_monotonic: beat,
      watch: { beats: 1, stall: { cause: 'silent' } },
    })
  })

  it('is written with another cause when that is another', () => {
    const patient = new Patient()
    patient.sees = { evidence: null, stall: 'silent' }
    patient.ticks(2)
    patient.sees = { evidence: 'cpu', stall: 'spinning' }
    patient.ticks(2)
    expect(patient.written.map(({ watch }) => watch?.stall?.cause)).toEqual([
      'silent',
      'silent',
      'spinning',
      'spinning',
    ])
  })

  it.each<StallCause>(['silent', 'repeating', 'spinning', 'stopped', 'awaiting-input'])(
    'is an event when the heartbeat has gone stale, not before, and once: %s',
    (cause) => {
      const patient = new Patient()
      patient.tick()
      patient.sees = { evidence: null, stall: cause }
      while (patient.age <= STALE_AFTER) {
        expect(patient.events).toEqual([])
        patient.tick()
      }
      patient.ticks(5)
      expect(patient.events).toEqual([['hung', cause]])
    },
  )

  it('is over with the next beat, which is an event too', () => {
    const patient = new Patient()
    patient.sees = { evidence: null, stall: 'silent' }
    patient.ticks(A_STALE_TIME)
    patient.sees = { evidence: 'note', stall: null }
    patient.ticks(3)
    expect(patient.events).toEqual([
      ['hung', 'silent'],
      ['active-again', 'note'],
    ])
    expect(patient.last?.watch?.stall).toBeNull()
  })

  it('that is over before the heartbeat goes stale leaves no event', () => {
    const patient = new Patient()
    patient.sees = { evidence: null, stall: 'stopped' }
    patient.ticks(3)
    patient.sees = { evidence: 'cpu', stall: null }
    patient.ticks(3)
    expect(patient.events).toEqual([])
  })

  it('that ends just after the heartbeat has gone stale has its own cause', () => {
    const patient = new Patient()
    patient.tick()
    patient.sees = { evidence: null, stall: 'silent' }
    while (patient.age + INTERVAL <= STALE_AFTER) patient.tick()
    patient.sees = { evidence: 'output', stall: null }
    patient.tick()
    expect(patient.events).toEqual([
      ['hung', 'silent'],
      ['active-again', 'output'],
    ])
  })

  it('can be had again and again', () => {
    const patient = new Patient()
    for (let round = 0; round < 3; round += 1) {
      patient.sees = { evidence: null, stall: 'silent' }
      patient.ticks(A_STALE_TIME)
      patient.sees = { evidence: 'output', stall: null }
      patient.ticks(2)
    }
    expect(patient.events.map(([event]) => event)).toEqual(
      Array.from({ length: 3 }, () => ['hung', 'active-again']).flat(),
    )
  })

  it('that the refresher before has told of is not told again', () => {
    const stalled = { ...(aRecord().watch as Watch), stall: { cause: 'silent', since: 1 } as const }
    const patient = new Patient({
      watch: stalled,
      heartbeat_monotonic: NOW.monotonic - 2 * STALE_AFTER,
    })
    patient.sees = { evidence: null, stall: 'silent' }
    patient.ticks(3)
    expect(patient.events).toEqual([])
    patient.sees = { evidence: 'output', stall: null }
    patient.tick()
    expect(patient.events).toEqual([['active-again', 'output']])
  })
})

describe('an owner that pings no more', () => {
  it('is not vouched for: nothing is written, and the worker is not looked at', () => {
    const patient = new Patient()
    patient.ticks(2)
    const { length } = patient.written
    patient.pings = false
    patient.ticks(2)
    const looks = patient.trees.length
    patient.ticks(A_STALE_TIME + 3)
    // Two ticks are within its patience.
    expect(patient.written.length).toBe(length + 2)
    expect(patient.trees.length).toBe(looks)
    expect(patient.events).toEqual([['hung', 'owner-stopped']])
    patient.pings = true
    patient.tick()
    expect(patient.events).toEqual([
      ['hung', 'owner-stopped'],
      ['active-again', 'output'],
    ])
  })

  it('and pings again just after the heartbeat has gone stale is the cause', () => {
    const patient = new Patient()
    patient.tick()
    patient.pings = false
    while (patient.age + INTERVAL <= STALE_AFTER) patient.tick()
    patient.pings = true
    patient.tick()
    expect(patient.events).toEqual([
      ['hung', 'owner-stopped'],
      ['active-again', 'output'],
    ])
  })
})

it('a refresher that was stopped itself says so when it goes on', () => {
  const patient = new Patient()
  patient.ticks(2)
  patient.now += 10 * STALE_AFTER
  patient.tick()
  expect(patient.events).toEqual([
    ['hung', 'refresher-gone'],
    ['active-again', 'output'],
  ])
})
