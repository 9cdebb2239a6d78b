import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/ports.ts'
import type { Activity, ProcessReference } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { TreeActivity } from '../../src/process/tree-activity.ts'
import { createActivityMonitor } from '../../src/refresher/activity-monitor.ts'
import { aRecord, NOW, viewOf } from '../fakes/records.ts'

const INTERVAL = 15
const TREE: readonly ProcessReference[] = [{ pid: 1, pid_started: 1 }]

/** Bytes that are all payload, half of it written. */
const io = (bytes: number): TreeActivity['io'] => ({
  lasting: bytes,
  payload: bytes,
  payloadWritten: bytes / 2,
  all: bytes,
})

const QUIET: TreeActivity = {
  io: io(0),
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
  totals: { ioBytes: 0, cpuSeconds: 0 },
}

/** Sources that report what they are told to, once. */
class FakeSources {
  now = NOW.monotonic
  printed = ''
  total = 0
  noted: { count: number; allowedUntil: number | null } = { count: 0, allowedUntil: null }
  activity: TreeActivity = QUIET
  readings = 0
  isExpensive = false
  listener: string | null = null
  waits: string | null = null

  readonly clock: Clock = {
    epoch: () => NOW.epoch - NOW.monotonic + this.now,
    monotonic: () => this.now,
    sleep: async () => undefined,
  }

  monitor(changes: Partial<RecordFields> = {}) {
    const sources = this
    const watch = createActivityMonitor(aRecord({ watch: null, ...changes }), {
      clock: this.clock,
      output: {
        read: () => {
          const text = sources.printed
          sources.printed = ''
          sources.total += text.length
          return { bytes: text.length, text, total: sources.total }
        },
      },
      notes: {
        read: () => {
          const { noted } = sources
          sources.noted = { count: 0, allowedUntil: null }
          return noted
        },
      },
      activity: {
        get isExpensive() {
          return sources.isExpensive
        },
        read: (tree) => {
          expect(tree).toBe(TREE)
          sources.readings += 1
          const { activity } = sources
          sources.activity = { ...QUIET, totals: activity.totals }
          return activity
        },
        listener: () => sources.listener,
        waitsFor: () => sources.waits,
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
    const sources = new FakeSources()
    const sample = sources.monitor()
    sources.printed = 'compiling alpha\n'
    sources.works({ cpuSeconds: 2, io: io(500) })
    expect(sample()).toMatchObject({
      evidence: { source: 'output', epoch: sources.clock.epoch() },
      watch: {
        activity: sources.now,
        progress: sources.now,
        sources: {
          note: null,
          output: { monotonic: sources.now, value: 16 },
          repeat: null,
          io: { monotonic: sources.now, value: 500 },
          cpu: { monotonic: sources.now, value: 2 },
        },
        stall: null,
      },
    })
    const first = sources.now
    sources.noted = { count: 2, allowedUntil: null }
    sources.works({ cpuSeconds: 1 })
    expect(sample()).toMatchObject({
      evidence: { source: 'note' },
      watch: {
        sources: {
          note: { monotonic: sources.now, value: 2 },
          output: { monotonic: first, value: 16 },
          io: { monotonic: first, value: 500 },
          cpu: { monotonic: sources.now, value: 3 },
        },
      },
    })
    sources.printed = 'compiling alpha\n'
    const repeated = sample()
    expect(repeated.watch.sources).toMatchObject({
      output: { monotonic: first, value: 16 },
      repeat: { monotonic: sources.now, value: 32 },
    })
    expect(repeated.watch.progress).toBeLessThan(sources.now)
    expect(sample().evidence).toBeNull()
  })

  it('tells the longest time in which no sample has found any activity', () => {
    const sources = new FakeSources()
    const sample = sources.monitor()
    for (let n = 0; n < 6; n += 1) sample()
    sources.printed = 'alive\n'
    expect(sample().watch.longest_quiet).toBe(6 * INTERVAL)
    sample()
    expect(sample().watch.longest_quiet).toBe(6 * INTERVAL)
  })

  it('has the limits of the record', () => {
    const sources = new FakeSources()
    const { options } = aRecord()
    const sample = sources.monitor({ options: { ...options, quiet_after: 30, stuck_after: null } })
    expect(sample().watch.stall).toBeNull()
    expect(sample().watch.stall).toEqual({ cause: 'silent', since: NOW.monotonic })
    sources.printed = 'again\n'
    expect(sample().watch.stall).toBeNull()
  })

  it('starts no process for a sample when something else shows progress', () => {
    const sources = new FakeSources()
    sources.isExpensive = true
    const sample = sources.monitor()
    sources.printed = 'new text\n'
    sample()
    sources.noted = { count: 1, allowedUntil: null }
    sample()
    expect(sources.readings).toBe(0)
    sources.printed = 'new text\n'
    sample()
    sample()
    expect(sources.readings).toBe(2)
  })

  it('always reads the processes where that starts none', () => {
    const sources = new FakeSources()
    const sample = sources.monitor()
    sources.printed = 'new text\n'
    sample()
    expect(sources.readings).toBe(1)
  })
})

describe('a promise', () => {
  const { options } = aRecord()
  const short = { options: { ...options, quiet_after: 30 } }

  it('holds on the monotonic clock, until it is over', () => {
    const sources = new FakeSources()
    const sample = sources.monitor(short)
    sources.noted = { count: 1, allowedUntil: sources.clock.epoch() + INTERVAL + 100 }
    sample()
    expect(sample(99).watch.stall).toBeNull()
    expect(sample(1).watch.stall?.cause).toBe('silent')
  })

  it('that is over by the time it is read counts as the note that it is', () => {
    const sources = new FakeSources()
    const sample = sources.monitor(short)
    sources.noted = { count: 1, allowedUntil: sources.clock.epoch() - 1000 }
    expect(sample().evidence?.source).toBe('note')
    expect(sample(30).watch.stall?.cause).toBe('silent')
  })

  it('ends with a later note without one', () => {
    const sources = new FakeSources()
    const sample = sources.monitor(short)
    sources.noted = { count: 1, allowedUntil: sources.clock.epoch() + 1e6 }
    sample()
    sources.noted = { count: 1, allowedUntil: null }
    sample()
    expect(sample(30).watch.stall?.cause).toBe('silent')
  })

  it('holds also for the refresher that comes after', () => {
    const sources = new FakeSources()
    sources.noted = { count: 1, allowedUntil: sources.clock.epoch() + 1e6 }
    const sample = sources.monitor({ ...short, watch: aRecord().watch })
    expect(sample(600).watch.stall).toBeNull()
    expect(sample(1e6).watch.stall?.cause).toBe('silent')
  })
})

describe('a watch after another of the same iteration', () => {
  const earlier: Activity = {
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

  it('goes on from what that one has seen: its death is no activity', () => {
    const sources = new FakeSources()
    const { options } = aRecord()
    const sample = sources.monitor({
      watch: earlier,
      options: { ...options, quiet_after: 200, stuck_after: 600 },
    })
    expect(sample(99).watch).toMatchObject({
      activity: NOW.monotonic - 100,
      progress: NOW.monotonic - 500,
      stall: null,
      sources: earlier.sources,
    })
    expect(sample(1).watch.stall).toEqual({ cause: 'silent', since: NOW.monotonic - 100 })
  })

  it('keeps a hang that was found, with its cause, until something ends it', () => {
    const stall = { cause: 'awaiting-input', since: NOW.monotonic - 100 } as const
    const sources = new FakeSources()
    const sample = sources.monitor({ watch: { ...earlier, stall } })
    sources.works({ blocked: 'awaiting-input' })
    expect(sample(1).watch.stall?.cause).toBe('awaiting-input')
    sources.printed = 'something new\n'
    expect(sample(1).watch.stall).toBeNull()
  })

  it('adds to its sums', () => {
    const sources = new FakeSources()
    const sample = sources.monitor({ watch: earlier })
    sources.noted = { count: 1, allowedUntil: null }
    sources.works({ cpuSeconds: 1, io: io(50) })
    expect(sample().watch).toMatchObject({
      sources: { note: { value: 5 }, io: { value: 9050 }, cpu: { value: 2.5 } },
      longest_quiet: earlier.longest_quiet,
    })
  })

  it('takes for new neither the text nor the notes that were there before it', () => {
    const sources = new FakeSources()
    sources.printed = 'the same error\n'
    sources.noted = { count: 3, allowedUntil: null }
    const sample = sources.monitor({ watch: earlier })
    expect(sample().evidence).toBeNull()
    sources.printed = 'the same error\n'
    expect(sample().watch.sources).toMatchObject({ output: null, repeat: { monotonic: sources.now } })
    sources.printed = 'something else\n'
    expect(sample().watch.progress).toBe(sources.now)
  })

  it('counts what was printed and noted before the first of all: nobody else has', () => {
    const sources = new FakeSources()
    sources.printed = 'hello\n'
    const sample = sources.monitor()
    expect(sample(0).evidence?.source).toBe('output')
    const other = new FakeSources()
    other.noted = { count: 1, allowedUntil: null }
    expect(other.monitor()(0).evidence?.source).toBe('note')
  })
})

describe('what a worker waits for', () => {
  const { options } = aRecord()
  const limits = { options: { ...options, quiet_after: 60, stuck_after: 600 } }

  it('is said of a silent one', () => {
    const sources = new FakeSources()
    const sample = sources.monitor(limits)
    sources.waits = 'cat (pid 7) waits in a read of its standard input (a pipe)'
    expect(sample(59).watch.stall).toBeNull()
    expect(sample(1).watch.stall).toEqual({
      cause: 'silent',
      since: NOW.monotonic,
      waits_for: sources.waits,
    })
  })

  it('is who listens to the terminal, also while that one is busy in the moment of a sample', () => {
    const sources = new FakeSources()
    const sample = sources.monitor(limits)
    const words = 'vim (pid 7) listens to the terminal'
    sources.listener = words
    expect(sample(60).watch.stall).toMatchObject({ cause: 'awaiting-input', waits_for: words })
    sources.listener = null
    expect(sample(1).watch.stall).toMatchObject({ cause: 'awaiting-input', waits_for: words })
    expect(sample(1).watch.stall).toMatchObject({ cause: 'silent' })
  })
})

describe('the series', () => {
  it('has what the last minutes have shown, and goes on in a record that has one', () => {
    const sources = new FakeSources()
    const sample = sources.monitor()
    sources.printed = 'compiling alpha\n'
    const { watch } = sample()
    expect(watch.series).toEqual({ bucket: INTERVAL, last: sources.now, levels: [4] })
    sources.noted = { count: 1, allowedUntil: null }
    const next = sources.monitor({ watch })
    sources.noted = { count: 1, allowedUntil: null }
    expect(next().watch.series?.levels).toEqual([4, 8])
  })
})
