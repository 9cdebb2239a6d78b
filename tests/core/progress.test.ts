import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Assessment,
  assess,
  BULK_BYTES_PER_SECOND,
  beginProgress,
  IDLE_FRACTION,
  type Limits,
  type Progress,
  type Sample,
} from '../../src/core/progress.ts'

const INTERVAL = 15
const LIMITS: Limits = { quietAfter: 600, stuckAfter: 1800 }
const START = 5000
const NO_PROMISE = Number.NEGATIVE_INFINITY

type Found = Partial<Omit<Sample, 'at'>>

/** What a sample may find, by its name. */
const FINDS = {
  nothing: {},
  note: { note: true },
  'new text': { output: { bytes: 80, isNew: true }, io: { lasting: 80, all: 80 }, cpuSeconds: 0.002 },
  'the same text': { output: { bytes: 80, isNew: false }, io: { lasting: 80, all: 80 }, cpuSeconds: 0.002 },
  'a few bytes': { io: { lasting: 80, all: 80 }, cpuSeconds: 0.002 },
  'bytes of children that have ended': {
    io: { lasting: 0, all: 5000 },
    cpuSeconds: 1,
    processesChange: true,
  },
  bulk: {
    io: { lasting: BULK_BYTES_PER_SECOND * INTERVAL, all: BULK_BYTES_PER_SECOND * INTERVAL },
    cpuSeconds: 1,
  },
  'processor time': { cpuSeconds: 10 },
  'processor time of children': { cpuSeconds: 10, processesChange: true },
  // Measured: a Node with a timer uses 0.2 % of a processor, and that is idling.
  idling: { cpuSeconds: 0.002 * INTERVAL },
  'children that do nothing': { processesChange: true, cpuSeconds: 0.001 },
  stopped: { blocked: 'stopped' },
  'waiting for a person': { blocked: 'awaiting-input' },
} as const satisfies Record<string, Found>

type Find = keyof typeof FINDS

const sampleAt = (at: number, found: Found): Sample => ({
  at,
  note: false,
  output: { bytes: 0, isNew: false },
  io: { lasting: 0, all: 0 },
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
  ...found,
})

class Watched {
  progress: Progress = beginProgress(START)
  readonly limits: Limits
  allowedUntil = NO_PROMISE

  constructor(limits: Limits = LIMITS) {
    this.limits = limits
  }

  sample(found: Found): Assessment {
    const assessment = assess(
      this.progress,
      sampleAt(this.progress.at + INTERVAL, found),
      this.limits,
      INTERVAL,
      this.allowedUntil,
    )
    this.progress = assessment.progress
    return assessment
  }

  /** Looks that all find the same; what the last one says. */
  finds(find: Find, seconds: number): Assessment {
    let assessment: Assessment | undefined
    for (let elapsed = 0; elapsed < seconds; elapsed += INTERVAL) assessment = this.sample(FINDS[find])
    if (assessment === undefined) throw new Error('no sample')
    return assessment
  }

  /** Seconds of the same until it says that something is wrong; `null` when it never does, in a day. */
  untilStall(find: Find): { readonly seconds: number; readonly cause: string } | null {
    const begin = this.progress.at
    while (this.progress.at - begin < 86_400) {
      const { stall } = this.sample(FINDS[find])
      if (stall !== null) return { seconds: this.progress.at - begin, cause: stall.cause }
    }
    return null
  }
}

describe('what one sample is worth', () => {
  it.each<[Find, Assessment['evidence'], boolean, boolean]>([
    ['nothing', null, false, false],
    ['note', 'note', true, true],
    ['new text', 'output', true, true],
    ['the same text', 'output', true, false],
    ['a few bytes', 'io', true, true],
    ['bytes of children that have ended', 'cpu', true, true],
    ['bulk', 'io', true, true],
    ['processor time', 'cpu', true, false],
    ['processor time of children', 'cpu', true, true],
    ['idling', null, false, false],
    ['children that do nothing', null, false, false],
    ['stopped', null, false, false],
    ['waiting for a person', null, false, false],
  ])('%s: evidence %s, activity %s, progress %s', (find, evidence, isActivity, isProgress) => {
    const watched = new Watched()
    const assessment = watched.sample(FINDS[find])
    expect(assessment.evidence).toBe(evidence)
    expect(assessment.progress.activity).toBe(isActivity ? START + INTERVAL : START)
    expect(assessment.progress.progress).toBe(isProgress ? START + INTERVAL : START)
    expect(assessment.stall).toBeNull()
  })

  it('is the strongest of what it has found', () => {
    const all = { ...FINDS.bulk, ...FINDS['processor time of children'] }
    const evidence = (found: Found) => new Watched().sample(found).evidence
    expect(evidence({ ...all, note: true, output: { bytes: 5, isNew: true } })).toBe('note')
    expect(evidence({ ...all, io: FINDS.bulk.io, output: { bytes: 5, isNew: true } })).toBe('output')
    expect(evidence({ ...all, io: FINDS.bulk.io })).toBe('io')
  })

  it.each<[Find, boolean]>([
    ['a few bytes', false],
    ['bytes of children that have ended', false],
    ['processor time of children', false],
    ['bulk', true],
    ['new text', true],
    ['note', true],
  ])('beside text that repeats: %s is progress: %s', (find, isProgress) => {
    const watched = new Watched()
    watched.finds('the same text', INTERVAL)
    watched.sample(FINDS[find])
    expect(watched.progress.progress === watched.progress.at).toBe(isProgress)
    expect(watched.progress.activity).toBe(watched.progress.at)
  })

  it('counts what is printed, through a pipe or two, as no bulk', () => {
    const bytes = BULK_BYTES_PER_SECOND * INTERVAL
    const watched = new Watched()
    watched.sample({ output: { bytes, isNew: false }, io: { lasting: 4 * bytes, all: 4 * bytes } })
    expect(watched.progress.progress).toBe(START)
    // What it reads beside it is.
    watched.sample({ output: { bytes, isNew: false }, io: { lasting: 5 * bytes, all: 5 * bytes } })
    expect(watched.progress.progress).toBe(watched.progress.at)
  })

  it('counts a trickle of bytes as progress again when the text has long been silent', () => {
    const watched = new Watched()
    watched.finds('the same text', INTERVAL)
    watched.finds('a few bytes', LIMITS.stuckAfter ?? 0)
    expect(watched.progress.progress).toBe(watched.progress.at)
  })

  it('measures processor time and bulk by the time between the samples', () => {
    const short = assess(
      beginProgress(START),
      sampleAt(START + 5, { cpuSeconds: 5 * IDLE_FRACTION }),
      LIMITS,
      1,
      NO_PROMISE,
    )
    expect(short.evidence).toBe('cpu')
    const long = assess(
      beginProgress(START),
      sampleAt(START + 10, { cpuSeconds: 5 * IDLE_FRACTION }),
      LIMITS,
      1,
      NO_PROMISE,
    )
    expect(long.evidence).toBeNull()
  })

  it('makes nothing of a start of a process or two in a short sample', () => {
    const assessment = assess(
      beginProgress(START),
      sampleAt(START + 0.5, { cpuSeconds: 0.015, processesChange: true }),
      LIMITS,
      0.5,
      NO_PROMISE,
    )
    expect(assessment.evidence).toBeNull()
  })

  it('takes processes that come and go for activity only while they do little', () => {
    const seen = (cpuSeconds: number) =>
      assess(
        beginProgress(START),
        sampleAt(START + 15, { cpuSeconds, processesChange: true }),
        LIMITS,
        15,
        NO_PROMISE,
      ).progress.progress
    expect(seen(0.3)).toBe(START)
    expect(seen(3)).toBe(START + 15)
  })

  it('does not fail at two samples at the same time', () => {
    const assessment = assess(beginProgress(START), sampleAt(START, {}), LIMITS, INTERVAL, NO_PROMISE)
    expect(assessment).toMatchObject({ evidence: null, stall: null })
  })
})

describe('the time until a worker counts as hung', () => {
  it.each<[Find, string, number]>([
    ['nothing', 'silent', 600],
    ['idling', 'silent', 600],
    ['children that do nothing', 'silent', 600],
    ['processor time', 'spinning', 1800],
    ['the same text', 'repeating', 1800],
    ['stopped', 'stopped', 2 * INTERVAL],
    ['waiting for a person', 'awaiting-input', 2 * INTERVAL],
  ])('%s: %s after %d s', (find, cause, seconds) => {
    expect(new Watched().untilStall(find)).toEqual({ cause, seconds })
  })

  it.each<Find>([
    'note',
    'new text',
    'a few bytes',
    'bulk',
    'bytes of children that have ended',
    'processor time of children',
  ])('%s: never', (find) => {
    expect(new Watched().untilStall(find)).toBeNull()
  })

  it.each<[Find, Limits]>([
    ['nothing', { quietAfter: null, stuckAfter: 1800 }],
    ['processor time', { quietAfter: 600, stuckAfter: null }],
    ['the same text', { quietAfter: 600, stuckAfter: null }],
  ])('%s: never when its limit is off', (find, limits) => {
    expect(new Watched(limits).untilStall(find)).toBeNull()
  })

  it.each<Find>(['stopped', 'waiting for a person'])('%s: at once also with both limits off', (find) => {
    expect(new Watched({ quietAfter: null, stuckAfter: null }).untilStall(find)?.seconds).toBe(2 * INTERVAL)
  })

  it.each<[Find, string]>([
    ['a few bytes', 'of a loop that tries again'],
    ['processor time of children', 'of a loop that starts programs'],
  ])('text that repeats, and %s %s: as for the text alone', (find) => {
    const watched = new Watched()
    const begin = watched.progress.at
    let stall: Assessment['stall'] = null
    for (let sample = 0; stall === null && sample < 1000; sample += 1) {
      // Not in every sample: the text comes every other minute.
      stall = watched.sample(sample % 8 === 0 ? FINDS['the same text'] : FINDS[find]).stall
    }
    expect(stall?.cause).toBe('repeating')
    expect(watched.progress.at - begin).toBeLessThanOrEqual(1800 + 8 * INTERVAL)
  })

  it('is counted from the last activity, which the verdict names', () => {
    const watched = new Watched()
    watched.finds('new text', 3000)
    const last = watched.progress.at
    expect(watched.finds('nothing', 600).stall).toEqual({ cause: 'silent', since: last })
    watched.finds('new text', INTERVAL)
    const progress = watched.progress.at
    expect(watched.finds('processor time', 1800).stall).toEqual({ cause: 'spinning', since: progress })
  })

  it('begins again with any activity: silent, and active again', () => {
    const watched = new Watched()
    expect(watched.finds('nothing', 600).stall).not.toBeNull()
    expect(watched.finds('new text', INTERVAL).stall).toBeNull()
    expect(watched.finds('nothing', 585).stall).toBeNull()
    expect(watched.finds('nothing', INTERVAL).stall?.cause).toBe('silent')
  })

  it('is not shortened by a pause in what goes nowhere', () => {
    const watched = new Watched()
    watched.finds('processor time', 1785)
    // Silent for less than its own limit, and it spins on.
    watched.finds('nothing', 300)
    expect(watched.finds('processor time', INTERVAL).stall?.cause).toBe('spinning')
  })

  it('says what is going on, not what was before it', () => {
    const watched = new Watched()
    watched.finds('the same text', 900)
    watched.finds('new text', INTERVAL)
    expect(watched.untilStall('processor time')).toEqual({ cause: 'spinning', seconds: 1800 })
  })
})

describe('what two samples in a row have to show', () => {
  it('is a stop: one sample may meet a debugger', () => {
    const watched = new Watched()
    expect(watched.sample(FINDS.stopped).stall).toBeNull()
    expect(watched.sample(FINDS.nothing).stall).toBeNull()
    expect(watched.sample(FINDS.stopped).stall).toBeNull()
    expect(watched.sample(FINDS.stopped).stall?.cause).toBe('stopped')
    expect(watched.sample(FINDS.nothing).stall).toBeNull()
  })

  it('is the same thing twice', () => {
    const watched = new Watched()
    watched.sample(FINDS.stopped)
    expect(watched.sample(FINDS['waiting for a person']).stall).toBeNull()
    expect(watched.sample(FINDS['waiting for a person']).stall?.cause).toBe('awaiting-input')
  })

  it.each<Find>(['note', 'new text', 'a few bytes', 'processor time of children'])(
    'is no wait for a person beside progress: %s',
    (find) => {
      const watched = new Watched()
      for (let sample = 0; sample < 10; sample += 1)
        expect(watched.sample({ ...FINDS[find], blocked: 'awaiting-input' }).stall).toBeNull()
    },
  )
})

describe('a promise of the worker', () => {
  it('puts off silence, and what goes nowhere, until it is over', () => {
    for (const find of ['nothing', 'processor time', 'the same text'] as const) {
      const watched = new Watched()
      watched.allowedUntil = START + 7200
      expect(watched.untilStall(find)?.seconds).toBe(7200)
    }
  })

  it('is no excuse for being stopped, or for a question to a person', () => {
    const watched = new Watched()
    watched.allowedUntil = START + 7200
    expect(watched.untilStall('stopped')?.seconds).toBe(2 * INTERVAL)
  })
})

describe('whatever a worker does', () => {
  const aFind = fc.constantFrom(...(Object.keys(FINDS) as Find[]))

  it('a stall is never without a reason that the limits give, and never missed', () => {
    fc.assert(
      fc.property(fc.array(aFind, { minLength: 1, maxLength: 400 }), (finds) => {
        const watched = new Watched({ quietAfter: 60, stuckAfter: 300 })
        for (const find of finds) {
          const { stall, progress, evidence } = watched.sample(FINDS[find])
          const { at, activity, progress: last, blockedSamples } = progress
          expect(last).toBeLessThanOrEqual(activity)
          expect(activity).toBeLessThanOrEqual(at)
          expect(activity === at).toBe(evidence !== null)
          const isDue = blockedSamples >= 2 || at - activity >= 60 || activity - last >= 300
          expect(stall !== null).toBe(isDue)
          if (stall !== null) expect(stall.since).toBeLessThanOrEqual(at)
          if (last === at) expect(stall).toBeNull()
        }
      }),
    )
  })
})
