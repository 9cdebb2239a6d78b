import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/ports.ts'
import type { LockRecord, ProcessReference, Watch } from '../../src/core/record.ts'
import type { TreeActivity } from '../../src/process/tree-activity.ts'
import { evidenceWatch } from '../../src/refresher/watch.ts'
import { aRecord, NOW, viewOf } from '../fakes/records.ts'

const INTERVAL = 15
const TREE: readonly ProcessReference[] = [{ pid: 1, pid_started: 1 }]

const QUIET: TreeActivity = {
  io: { lasting: 0, all: 0 },
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
  totals: { ioBytes: 0, cpuSeconds: 0 },
}

/** Eyes that see what they are told to, once. */
class Eyes {
  now = NOW.monotonic
  printed = ''
  total = 0
  noted: { count: number; allowedUntil: number | null } = { count: 0, allowedUntil: null }
  activity: TreeActivity = QUIET
  readings = 0
  isExpensive = false

  readonly clock: Clock = {
    epoch: () => NOW.epoch - NOW.monotonic + this.now,
    monotonic: () => this.now,
    sleep: async () => undefined,
  }

  watching(changes: Partial<LockRecord> = {}) {
    const eyes = this
    const watch = evidenceWatch(aRecord({ watch: null, ...changes }), {
      clock: this.clock,
      output: {
        read: () => {
          const text = eyes.printed
          eyes.printed = ''
          eyes.total += text.length
          return { bytes: text.length, text, total: eyes.total }
        },
      },
      notes: {
        read: () => {
          const { noted } = eyes
          eyes.noted = { count: 0, allowedUntil: null }
          return noted
        },
      },
      activity: {
        get isExpensive() {
          return eyes.isExpensive
        },
        read: (tree) => {
          expect(tree).toBe(TREE)
          eyes.readings += 1
          const { activity } = eyes
          eyes.activity = { ...QUIET, totals: activity.totals }
          return activity
        },
      },
    })
    return (seconds = INTERVAL) => {
      this.now += seconds
      return watch.sample(TREE, viewOf([]))
    }
  }

  works(changes: Partial<Omit<TreeActivity, 'totals'>>): void {
    const { totals } = this.activity
    const next = { ...this.activity, ...changes }
    this.activity = {
      ...next,
      totals: {
        ioBytes: totals.ioBytes + next.io.all,
        cpuSeconds: totals.cpuSeconds + next.cpuSeconds,
      },
    }
  }
}

describe('a watch', () => {
  it('tells what each source has shown last, and how much of it there was', () => {
    const eyes = new Eyes()
    const look = eyes.watching()
    eyes.printed = 'compiling alpha\n'
    eyes.works({ cpuSeconds: 2, io: { lasting: 500, all: 500 } })
    expect(look()).toMatchObject({
      evidence: { source: 'output', epoch: eyes.clock.epoch() },
      watch: {
        activity: eyes.now,
        progress: eyes.now,
        sources: {
          note: null,
          output: { monotonic: eyes.now, value: 16 },
          repeat: null,
          io: { monotonic: eyes.now, value: 500 },
          cpu: { monotonic: eyes.now, value: 2 },
        },
        stall: null,
      },
    })
    const first = eyes.now
    eyes.noted = { count: 2, allowedUntil: null }
    eyes.works({ cpuSeconds: 1 })
    expect(look()).toMatchObject({
      evidence: { source: 'note' },
      watch: {
        sources: {
          note: { monotonic: eyes.now, value: 2 },
          output: { monotonic: first, value: 16 },
          io: { monotonic: first, value: 500 },
          cpu: { monotonic: eyes.now, value: 3 },
        },
      },
    })
    eyes.printed = 'compiling alpha\n'
    const repeated = look()
    expect(repeated.watch.sources).toMatchObject({
      output: { monotonic: first, value: 16 },
      repeat: { monotonic: eyes.now, value: 32 },
    })
    expect(repeated.watch.progress).toBeLessThan(eyes.now)
    expect(look().evidence).toBeNull()
  })

  it('tells the longest time in which no look has found a sign of life', () => {
    const eyes = new Eyes()
    const look = eyes.watching()
    for (let n = 0; n < 6; n += 1) look()
    eyes.printed = 'alive\n'
    expect(look().watch.longest_quiet).toBe(6 * INTERVAL)
    look()
    expect(look().watch.longest_quiet).toBe(6 * INTERVAL)
  })

  it('has the limits of the record', () => {
    const eyes = new Eyes()
    const { options } = aRecord()
    const look = eyes.watching({ options: { ...options, quiet_after: 30, stuck_after: null } })
    expect(look().watch.stall).toBeNull()
    expect(look().watch.stall).toEqual({ cause: 'silent', since: NOW.monotonic })
    eyes.printed = 'again\n'
    expect(look().watch.stall).toBeNull()
  })

  it('does not start a process to look when something else shows progress, where a look costs one', () => {
    const eyes = new Eyes()
    eyes.isExpensive = true
    const look = eyes.watching()
    eyes.printed = 'new text\n'
    look()
    eyes.noted = { count: 1, allowedUntil: null }
    look()
    expect(eyes.readings).toBe(0)
    eyes.printed = 'new text\n'
    look()
    look()
    expect(eyes.readings).toBe(2)
  })

  it('always looks where it costs none', () => {
    const eyes = new Eyes()
    const look = eyes.watching()
    eyes.printed = 'new text\n'
    look()
    expect(eyes.readings).toBe(1)
  })
})

describe('a promise', () => {
  const { options } = aRecord()
  const short = { options: { ...options, quiet_after: 30 } }

  it('holds on the monotonic clock, until it is over', () => {
    const eyes = new Eyes()
    const look = eyes.watching(short)
    eyes.noted = { count: 1, allowedUntil: eyes.clock.epoch() + INTERVAL + 100 }
    look()
    expect(look(99).watch.stall).toBeNull()
    expect(look(1).watch.stall?.cause).toBe('silent')
  })

  it('that is over by the time it is read counts as the note that it is', () => {
    const eyes = new Eyes()
    const look = eyes.watching(short)
    eyes.noted = { count: 1, allowedUntil: eyes.clock.epoch() - 1000 }
    expect(look().evidence?.source).toBe('note')
    expect(look(30).watch.stall?.cause).toBe('silent')
  })

  it('ends with a later note without one', () => {
    const eyes = new Eyes()
    const look = eyes.watching(short)
    eyes.noted = { count: 1, allowedUntil: eyes.clock.epoch() + 1e6 }
    look()
    eyes.noted = { count: 1, allowedUntil: null }
    look()
    expect(look(30).watch.stall?.cause).toBe('silent')
  })

  it('holds also for the refresher that comes after', () => {
    const eyes = new Eyes()
    eyes.noted = { count: 1, allowedUntil: eyes.clock.epoch() + 1e6 }
    const look = eyes.watching({ ...short, watch: aRecord().watch })
    expect(look(600).watch.stall).toBeNull()
    expect(look(1e6).watch.stall?.cause).toBe('silent')
  })
})

describe('a watch after another of the same iteration', () => {
  const earlier: Watch = {
    activity: NOW.monotonic - 100,
    progress: NOW.monotonic - 500,
    sources: {
      note: { monotonic: NOW.monotonic - 600, value: 4 },
      output: null,
      repeat: { monotonic: NOW.monotonic - 100, value: 10 },
      io: { monotonic: NOW.monotonic - 100, value: 9000 },
      cpu: { monotonic: NOW.monotonic - 100, value: 1.5 },
    },
    stall: null,
    beats: 13,
    longest_quiet: 77,
  }

  it('goes on from what that one has seen: its death is no sign of life', () => {
    const eyes = new Eyes()
    const { options } = aRecord()
    const look = eyes.watching({
      watch: earlier,
      options: { ...options, quiet_after: 200, stuck_after: 600 },
    })
    expect(look(99).watch).toMatchObject({
      activity: NOW.monotonic - 100,
      progress: NOW.monotonic - 500,
      stall: null,
      sources: earlier.sources,
    })
    expect(look(1).watch.stall).toEqual({ cause: 'silent', since: NOW.monotonic - 100 })
  })

  it('adds to its sums', () => {
    const eyes = new Eyes()
    const look = eyes.watching({ watch: earlier })
    eyes.noted = { count: 1, allowedUntil: null }
    eyes.works({ cpuSeconds: 1, io: { lasting: 50, all: 50 } })
    expect(look().watch).toMatchObject({
      sources: { note: { value: 5 }, io: { value: 9050 }, cpu: { value: 2.5 } },
      longest_quiet: earlier.longest_quiet,
    })
  })

  it('takes for new neither the text nor the notes that were there before it', () => {
    const eyes = new Eyes()
    eyes.printed = 'the same error\n'
    eyes.noted = { count: 3, allowedUntil: null }
    const look = eyes.watching({ watch: earlier })
    expect(look().evidence).toBeNull()
    eyes.printed = 'the same error\n'
    expect(look().watch.sources).toMatchObject({ output: null, repeat: { monotonic: eyes.now } })
    eyes.printed = 'something else\n'
    expect(look().watch.progress).toBe(eyes.now)
  })

  it('counts what was printed and noted before the first of all: nobody else has', () => {
    const eyes = new Eyes()
    eyes.printed = 'hello\n'
    const look = eyes.watching()
    expect(look(0).evidence?.source).toBe('output')
    const other = new Eyes()
    other.noted = { count: 1, allowedUntil: null }
    expect(other.watching()(0).evidence?.source).toBe('note')
  })
})
