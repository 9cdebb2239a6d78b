import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Assessment,
  type AssessmentContext,
  assess,
  beginProgress,
  type Limits,
  nearStall,
  type Progress,
} from '../../src/core/progress.ts'
import {
  BULK_BYTES_PER_SECOND,
  HOUSEKEEPING_BYTES_PER_SECOND,
  IDLE_FRACTION,
  type Sample,
} from '../../src/core/sample.ts'

const INTERVAL = 15
const LIMITS: Limits = { quietAfter: 600, stuckAfter: 1800 }
const START = 5000
const NO_PROMISE = Number.NEGATIVE_INFINITY

const io = (bytes: number, written = bytes): Sample['io'] => ({
  lasting: bytes,
  payload: bytes,
  payloadWritten: written,
  all: bytes,
})
const text = (kind: Sample['output']['kind'], bytes = 80): Sample['output'] => ({
  bytes,
  kind,
  cycles: false,
})

type Found = Partial<Omit<Sample, 'at'>>

/** What a sample may find, by its name. */
const FINDS = {
  nothing: {},
  note: { note: true },
  'new text': { output: text('new'), io: io(80), cpuSeconds: 0.002 },
  'the same text': { output: text('repeat'), io: io(80), cpuSeconds: 0.002 },
  'new text in a status line': { output: text('status'), io: io(80) },
  'a phrase in a status line': { output: text('phrase'), io: io(80) },
  'a cursor that blinks': { output: text('blink'), io: io(80) },
  'a few bytes': { io: io(80), cpuSeconds: 0.002 },
  'a few bytes read': { io: io(80, 0), cpuSeconds: 0.002 },
  // An eventfd: 8 bytes for a write and a read each.
  'threads that wake each other': {
    io: { lasting: 160, payload: 0, payloadWritten: 0, all: 160 },
    cpuSeconds: 0.002,
  },
  'bytes of a socket': { received: 500 },
  'bytes of children that have ended': {
    io: { ...io(0), all: 5000 },
    cpuSeconds: 1,
    processesChange: true,
  },
  bulk: {
    io: io(BULK_BYTES_PER_SECOND * INTERVAL),
    cpuSeconds: 1,
  },
  'processor time': { cpuSeconds: 10 },
  // Measured: a full-screen agent at its prompt takes 5 to 20 %.
  drawing: { cpuSeconds: 0.2 * INTERVAL },
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
  output: text(null, 0),
  io: io(0),
  received: null,
  listens: false,
  cpuSeconds: 0,
  processesChange: false,
  blocked: null,
  ...found,
})

const contextOf = (interval: number): AssessmentContext => ({
  limits: LIMITS,
  interval,
  allowedUntil: NO_PROMISE,
})

class Watched {
  progress: Progress = beginProgress(START)
  readonly limits: Limits
  allowedUntil = NO_PROMISE

  constructor(limits: Limits = LIMITS) {
    this.limits = limits
  }

  sample(found: Found): Assessment {
    const assessment = assess(this.progress, sampleAt(this.progress.at + INTERVAL, found), {
      limits: this.limits,
      interval: INTERVAL,
      allowedUntil: this.allowedUntil,
    })
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
    expect(evidence({ ...all, note: true, output: text('new', 5) })).toBe('note')
    expect(evidence({ ...all, io: FINDS.bulk.io, output: text('new', 5) })).toBe('output')
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
    expect(watched.progress.progress > START).toBe(isProgress)
    expect(watched.progress.activity).toBe(watched.progress.at)
  })

  it('counts what is printed, through a pipe or two, as no bulk', () => {
    const bytes = BULK_BYTES_PER_SECOND * INTERVAL
    const watched = new Watched()
    watched.sample({ output: text('repeat', bytes), io: io(4 * bytes) })
    expect(watched.progress.progress).toBe(START)
    // What it reads beside it is.
    watched.sample({ output: text('repeat', bytes), io: io(6 * bytes) })
    expect(watched.progress.progress).toBe(watched.progress.at)
  })

  it('counts what children write in bulk as progress, and not what they read', () => {
    const bytes = BULK_BYTES_PER_SECOND * INTERVAL
    const isProgress = (allWritten: number): boolean => {
      const watched = new Watched()
      watched.finds('the same text', INTERVAL)
      watched.sample({ output: text('repeat'), io: { ...io(0), all: 2 * bytes, allWritten } })
      return watched.progress.progress > START
    }
    expect(isProgress(bytes + 400)).toBe(true)
    expect(isProgress(500)).toBe(false)
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
      contextOf(1),
    )
    expect(short.evidence).toBe('cpu')
    const long = assess(
      beginProgress(START),
      sampleAt(START + 10, { cpuSeconds: 5 * IDLE_FRACTION }),
      contextOf(1),
    )
    expect(long.evidence).toBeNull()
  })

  it('makes nothing of a start of a process or two in a short sample', () => {
    const assessment = assess(
      beginProgress(START),
      sampleAt(START + 0.5, { cpuSeconds: 0.015, processesChange: true }),
      contextOf(0.5),
    )
    expect(assessment.evidence).toBeNull()
  })

  it('takes processes that come and go for activity only while they do little', () => {
    const seen = (cpuSeconds: number) =>
      assess(beginProgress(START), sampleAt(START + 15, { cpuSeconds, processesChange: true }), contextOf(15))
        .progress.progress
    expect(seen(0.3)).toBe(START)
    expect(seen(3)).toBe(START + 15)
  })

  it('does not fail at two samples at the same time', () => {
    const assessment = assess(beginProgress(START), sampleAt(START, {}), contextOf(INTERVAL))
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

describe('bursts', () => {
  const LIMIT = 600

  /** What is found in one sample, and then nothing, again and again; causes in the order in which they came. */
  const pattern = (find: Find, pauseSeconds: number, rounds = 40): readonly (string | null)[] => {
    const watched = new Watched()
    const verdicts: (string | null)[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (let elapsed = 0; elapsed < pauseSeconds; elapsed += INTERVAL) {
        const cause = watched.sample(elapsed === 0 ? FINDS[find] : FINDS.nothing).stall?.cause ?? null
        if (verdicts.at(-1) !== cause) verdicts.push(cause)
      }
    }
    return verdicts
  }

  it.each<Find>(['a few bytes', 'a few bytes read', 'processor time'])(
    '%s more often than half of the limit: always active',
    (find) => {
      const [first, ...others] = pattern(find, LIMIT / 2)
      expect(first).toBeNull()
      expect(others.filter((cause) => cause === 'silent')).toEqual([])
    },
  )

  it.each<[Find, number]>([
    ['a few bytes', 0.7],
    ['a few bytes', 1.4],
    ['bytes of children that have ended', 1.4],
    ['processor time of children', 1.4],
    ['bulk', 1.4],
    ['processor time', 1.4],
    ['the same text', 1.4],
  ])('%s every %d limits: hung once, and it stays', (find, limits) => {
    expect(pattern(find, limits * LIMIT)).toEqual([null, 'silent'])
  })

  it('new text ends a hang at once, each time', () => {
    expect(pattern('new text', 1.4 * LIMIT, 3)).toEqual([null, 'silent', null, 'silent', null, 'silent'])
  })

  it.each<Find>(['a few bytes', 'bulk', 'the same text', 'processor time'])(
    '%s in three samples in a row end a silence',
    (find) => {
      const watched = new Watched()
      watched.finds('nothing', LIMIT)
      expect(watched.finds(find, 2 * INTERVAL).stall?.cause).toBe('silent')
      expect(watched.finds(find, INTERVAL).stall).toBeNull()
      // The limit begins anew.
      expect(watched.finds('nothing', LIMIT - INTERVAL).stall).toBeNull()
    },
  )

  it('a hang at a prompt stays one beside a burst', () => {
    const watched = new Watched()
    watched.finds('waiting for a person', 60)
    const both = { ...FINDS['a few bytes'], blocked: 'awaiting-input' } as const
    expect(watched.sample(both).stall?.cause).toBe('awaiting-input')
    watched.sample(both)
    expect(watched.sample(both).stall).toBeNull()
  })

  it('processor time near the idle limit is hardly a sign of life', () => {
    const watched = new Watched()
    const begin = watched.progress.at
    let stall: Assessment['stall'] = null
    for (let n = 0; stall === null; n += 1) {
      stall = watched.sample({ cpuSeconds: INTERVAL * (n % 2 === 0 ? 0.9 : 1.2) * IDLE_FRACTION }).stall
    }
    expect(stall.cause).toBe('silent')
    expect(watched.progress.at - begin).toBeLessThan(1.3 * LIMIT)
  })
})

describe('small reads', () => {
  const reads = { ...FINDS['a few bytes read'], received: 0 }

  it('are nothing when no socket has received anything and nothing was written', () => {
    const watched = new Watched()
    watched.finds('a few bytes read', 600 - INTERVAL)
    expect(watched.sample(reads).stall).toEqual({ cause: 'silent', since: START })
    expect(watched.sample(FINDS['a few bytes read']).stall?.cause).toBe('silent')
  })

  it('count as long as nobody knows what the sockets received', () => {
    expect(new Watched().untilStall('a few bytes read')).toBeNull()
  })

  it.each<[string, Found]>([
    ['what is written', { io: io(80) }],
    ['more than a program reads of itself', { io: io(HOUSEKEEPING_BYTES_PER_SECOND * INTERVAL, 0) }],
    ['what a socket has received', { received: 100 }],
  ])('are borne out by %s', (_, other) => {
    const watched = new Watched()
    watched.finds('a few bytes read', 570)
    watched.sample(other)
    expect(watched.sample(reads).stall).toBeNull()
  })

  it('count again when something else shows that it works', () => {
    const watched = new Watched()
    watched.finds('a few bytes read', 600)
    watched.sample(reads)
    expect(watched.finds('new text', INTERVAL).stall).toBeNull()
    expect(watched.finds('a few bytes read', 900).stall).toBeNull()
  })
})

describe('bytes that processes of the worker only pass to each other', () => {
  const pings: Found = { io: { ...io(60), circulates: true }, cpuSeconds: 0.01 }

  it('are nothing when no socket has received anything', () => {
    const watched = new Watched()
    for (let n = 1; n < 600 / INTERVAL; n += 1) expect(watched.sample(pings).stall).toBeNull()
    const causes = Array.from({ length: 100 }, () => watched.sample({ ...pings, received: 0 }).stall?.cause)
    expect(new Set(causes)).toEqual(new Set(['silent']))
  })

  it('do not keep a prompt from waiting for a person, whatever sockets receive', () => {
    const watched = new Watched()
    const causes = Array.from({ length: 200 }, () => watched.sample({ ...pings, listens: true }).stall?.cause)
    const first = causes.indexOf('awaiting-input')
    expect(first * INTERVAL).toBeLessThan(600)
    expect(new Set(causes.slice(first))).toEqual(new Set(['awaiting-input']))
  })

  it.each<[string, Found]>([
    ['nobody knows what sockets have received', pings],
    ['something else is written', { io: io(60), received: 0 }],
    ['they hand out work', { ...pings, cpuSeconds: 0.5 * INTERVAL, received: 0 }],
    [
      'they are many',
      { io: { ...io(HOUSEKEEPING_BYTES_PER_SECOND * INTERVAL), circulates: true }, received: 0 },
    ],
  ])('count when %s', (_, found) => {
    const watched = new Watched()
    for (let n = 0; n < 400; n += 1) expect(watched.sample(found).stall).toBeNull()
  })
})

describe('a size on the screen that grows while its text repeats', () => {
  const display = (grown: number): Sample['output'] => ({ ...text('repeat'), grown })
  const causesOf = (found: Found, samples = 400): ReadonlySet<string | undefined> => {
    const watched = new Watched()
    return new Set(Array.from({ length: samples }, () => watched.sample(found).stall?.cause))
  }

  it('is progress when so much was moved', () => {
    const moved = { ...io(50_000), payloadWritten: 50_000 }
    expect(causesOf({ output: display(50_000), io: moved })).toEqual(new Set([undefined]))
    expect(causesOf({ output: display(50_000), io: io(80), received: 40_000 })).toEqual(new Set([undefined]))
  })

  it('is progress when it grows seldom, by all that was moved meanwhile', () => {
    const watched = new Watched()
    for (let n = 1; n < 400; n += 1) {
      const output = n % 20 === 0 ? display(1e6) : display(0)
      expect(watched.sample({ output, io: io(50_400) }).stall).toBeNull()
    }
  })

  it('is none when less was moved, or when it does not grow', () => {
    expect(causesOf({ output: display(50_000), io: io(1000) })).toContain('repeating')
    expect(causesOf({ output: display(0), io: io(50_000) })).toContain('repeating')
  })
})

describe('a line with another value each time', () => {
  const line = { ...text('repeat'), hasMeasured: true }
  const causeOf = (found: Found): string | null => {
    const watched = new Watched()
    for (let n = 0; n < 400; n += 1) {
      // A line a minute.
      const { stall } = watched.sample({ ...found, ...(n % 4 === 0 ? {} : { output: text(null, 0) }) })
      if (stall !== null) return stall.cause
    }
    return null
  }

  it('is progress of what computes', () => {
    expect(causeOf({ output: line, cpuSeconds: INTERVAL })).toBeNull()
  })

  it('is none of what hardly does, nor is a line that stays the same', () => {
    expect(causeOf({ output: line, cpuSeconds: 0.02 * INTERVAL })).toBe('repeating')
    expect(causeOf({ output: text('repeat'), cpuSeconds: INTERVAL })).toBe('repeating')
  })
})

describe('processor time alone', () => {
  const causeOf = (found: Found): string | null => {
    const watched = new Watched()
    for (let n = 0; n < 400; n += 1) {
      const { stall } = watched.sample({ cpuSeconds: 0.5 * INTERVAL, ...found })
      if (stall !== null) return stall.cause
    }
    return null
  }

  it('is work while storage is read or written: a search through directories, files that are mapped', () => {
    expect(causeOf({})).toBe('spinning')
    expect(causeOf({ io: { ...io(0), storage: 4096 } })).toBe('spinning')
    expect(causeOf({ io: { ...io(0), storage: HOUSEKEEPING_BYTES_PER_SECOND * INTERVAL } })).toBeNull()
  })
})

describe('a tool that works in silence for twenty minutes, with default limits', () => {
  const TOOLS: readonly [string, (n: number) => Found][] = [
    ['a calculation in one process', () => ({ cpuSeconds: INTERVAL })],
    ['one that waits for its disk most of the time', () => ({ cpuSeconds: 0.03 * INTERVAL })],
    [
      'a compiler that is started for each file',
      () => ({ cpuSeconds: 0.4 * INTERVAL, processesChange: true }),
    ],
    ['tests that write a line into a report every two minutes', (n) => (n % 8 === 0 ? { io: io(200) } : {})],
    ['a download', () => ({ received: 5000 })],
  ]

  it.each(TOOLS)('is never hung: %s', (_, sampleOf) => {
    const watched = new Watched()
    for (let n = 0; n * INTERVAL < 1200; n += 1) expect(watched.sample(sampleOf(n)).stall).toBeNull()
  })
})

describe('processes that come and go', () => {
  it('do nothing when all that they read is what programs read when they start', () => {
    const bytes = BULK_BYTES_PER_SECOND * INTERVAL
    const sample = (loaded: number): Found => ({
      io: { ...io(0), all: bytes, loaded },
      cpuSeconds: 0.005 * INTERVAL,
      processesChange: true,
    })
    const busy = new Watched()
    const idle = new Watched()
    let cause: string | undefined
    for (let n = 0; n < 400; n += 1) {
      expect(busy.sample(sample(0)).stall).toBeNull()
      cause ??= idle.sample(sample(bytes)).stall?.cause
    }
    expect(cause).toBe('silent')
  })
})

describe('a program that listens to its terminal', () => {
  const listening = (find: Find): Found => ({ ...FINDS[find], listens: true })

  it.each<[Find, number | null]>([
    ['nothing', 600],
    ['idling', 600],
    ['a cursor that blinks', 600],
    ['threads that wake each other', 600],
    ['the same text', null],
    ['processor time', null],
    ['drawing', 600],
    ['a few bytes', null],
  ])('%s: awaits input after %s s', (find, seconds) => {
    const watched = new Watched({ quietAfter: 600, stuckAfter: null })
    const begin = watched.progress.at
    let stall: Assessment['stall'] = null
    while (stall === null && watched.progress.at - begin < 5000) stall = watched.sample(listening(find)).stall
    expect(stall === null ? null : watched.progress.at - begin).toBe(seconds)
    if (stall !== null) expect(stall.cause).toBe('awaiting-input')
  })

  it('repeats itself when it prints the same for long, as a spinner does', () => {
    const watched = new Watched()
    let stall: Assessment['stall'] = null
    while (stall === null) stall = watched.sample(listening('the same text')).stall
    expect(stall.cause).toBe('repeating')
  })

  it('stays what it was found to be: a spinner that was found to repeat itself waits for nobody', () => {
    const watched = new Watched()
    for (let n = 0; n < 200; n += 1) watched.sample(listening('the same text'))
    expect(watched.sample(listening('the same text')).stall?.cause).toBe('repeating')
  })

  it('is looked at only when a verdict is near', () => {
    const watched = new Watched()
    expect(nearStall(watched.progress, START + INTERVAL, contextOf(INTERVAL))).toBe(false)
    expect(nearStall(watched.progress, START + 600 - 2 * INTERVAL, contextOf(INTERVAL))).toBe(true)
  })
})

describe('new text of a status line', () => {
  it('is progress until it is known to come from a list, and then never was', () => {
    const watched = new Watched()
    expect(watched.finds('new text in a status line', 1800).stall).toBeNull()
    const stall = watched.sample({ output: { bytes: 80, kind: 'repeat', cycles: true } }).stall
    expect(stall).toEqual({ cause: 'repeating', since: START })
  })
})

describe('whatever a worker does', () => {
  const aFind = fc.constantFrom(...(Object.keys(FINDS) as Find[]))

  it('a stall is never without a reason that the limits give, and never missed', () => {
    fc.assert(
      fc.property(fc.array(aFind, { minLength: 1, maxLength: 400 }), (finds) => {
        const watched = new Watched({ quietAfter: 60, stuckAfter: 300 })
        for (const find of finds) {
          const before = watched.progress
          const { stall, progress, evidence } = watched.sample(FINDS[find])
          const { at, activity, progress: last, blockedSamples } = progress
          expect(last).toBeLessThanOrEqual(activity)
          expect(activity).toBeLessThanOrEqual(at)
          // No clock goes back, but by what was taken for progress and was none.
          expect(activity).toBeGreaterThanOrEqual(before.activity)
          expect(last).toBeGreaterThanOrEqual(before.progress)
          if (evidence === null) expect(activity).toBe(before.activity)
          const isDue = blockedSamples >= 2 || at - activity >= 60 || activity - last >= 300
          expect(stall !== null).toBe(isDue)
          if (stall !== null) expect(stall.since).toBeLessThanOrEqual(at)
          if (find === 'note' || find === 'new text') expect(stall).toBeNull()
          if (last === at) expect(stall).toBeNull()
        }
      }),
    )
  })
})

describe('phrases that may come from a list', () => {
  /** Each of them is followed by so many samples of a spinner. */
  const untilStall = (pauses: number): number | null => {
    const watched = new Watched()
    for (let elapsed = 0; elapsed < 86_400; elapsed += INTERVAL) {
      const isPhrase = (elapsed / INTERVAL) % (pauses + 1) === 0
      const { stall } = watched.sample(FINDS[isPhrase ? 'a phrase in a status line' : 'the same text'])
      if (stall !== null) return elapsed
    }
    return null
  }

  it('are progress when they come more often than six times in stuck_after', () => {
    expect(untilStall(18)).toBeNull()
  })

  it('are none when they come less often', () => {
    expect(untilStall(40)).toBeLessThan(2 * (LIMITS.stuckAfter ?? 0))
  })

  it('do not end a hang', () => {
    const watched = new Watched()
    watched.finds('the same text', 1800)
    expect(watched.finds('a phrase in a status line', 600).stall?.cause).toBe('repeating')
    expect(watched.finds('new text in a status line', INTERVAL).stall).toBeNull()
  })
})

describe('many bytes behind a spinner', () => {
  const spinner = text('repeat')
  const sampleOf = (bytes: number): Found => ({ output: spinner, io: io(bytes) })

  it('are progress as long as they go on', () => {
    const watched = new Watched()
    for (let n = 0; n < 1000; n += 1) {
      const bytes = n % 2 === 0 ? 80 : 2 * BULK_BYTES_PER_SECOND * INTERVAL
      expect(watched.sample(sampleOf(bytes)).stall).toBeNull()
    }
  })

  it('are none as a burst now and then, and such do not end a hang', () => {
    const watched = new Watched()
    const causes = Array.from({ length: 1000 }, (_, n) => {
      const bytes = n % 20 < 2 ? 1.5 * BULK_BYTES_PER_SECOND * INTERVAL : 80
      return watched.sample(sampleOf(bytes)).stall?.cause ?? null
    })
    const first = causes.indexOf('repeating')
    expect(first * INTERVAL).toBeLessThan(2 * (LIMITS.stuckAfter ?? 0))
    expect(causes.slice(first)).toEqual(Array(1000 - first).fill('repeating'))
  })
})

describe('an agent that saves what was said with each of its turns, behind a spinner', () => {
  it('makes no progress with that', () => {
    const watched = new Watched()
    const spinner = text('repeat')
    const saved = { output: spinner, io: io(1.6 * BULK_BYTES_PER_SECOND * INTERVAL) }
    const causes = Array.from(
      { length: 1000 },
      (_, n) => watched.sample(n % 3 === 0 ? saved : { output: spinner, io: io(80) }).stall?.cause ?? null,
    )
    const first = causes.indexOf('repeating')
    expect(first * INTERVAL).toBeLessThan(4 * (LIMITS.stuckAfter ?? 0))
    expect(causes.slice(first)).toEqual(Array(1000 - first).fill('repeating'))
  })
})

describe('a clock that runs beside a dialog', () => {
  it('is a wait for a person once text has repeated for long enough, and stays one', () => {
    const watched = new Watched()
    const sample: Found = { output: text('repeat'), io: io(80), listens: true, menu: true }
    let seconds = 0
    while (watched.sample(sample).stall === null) seconds += INTERVAL
    expect(seconds).toBeGreaterThanOrEqual((LIMITS.stuckAfter ?? 0) - INTERVAL)
    for (let n = 0; n < 200; n += 1) expect(watched.sample(sample).stall?.cause).toBe('awaiting-input')
    expect(watched.sample(FINDS['new text']).stall).toBeNull()
  })
})

describe('a prompt with daemons behind it', () => {
  const detached = (bytes: number): Sample['io'] => ({ ...io(bytes), payloadDetached: bytes })
  const trickle: Found = { io: detached(2000 * INTERVAL), cpuSeconds: 0.03 * INTERVAL, listens: true }

  it('waits for a person, once and for good, whatever trickles through them', () => {
    const watched = new Watched()
    const causes = Array.from(
      { length: 400 },
      (_, n) => watched.sample(n % 2 === 0 ? trickle : { listens: true }).stall?.cause ?? null,
    )
    const first = causes.indexOf('awaiting-input')
    expect(first * INTERVAL).toBeLessThan(2 * (LIMITS.quietAfter ?? 0))
    expect(causes.slice(first)).toEqual(Array(400 - first).fill('awaiting-input'))
  })

  it('waits for a person, once and for good, though a daemon reads a large file every few minutes', () => {
    const watched = new Watched()
    const quiet = LIMITS.quietAfter ?? 0
    const every = Math.round(quiet / 2 / INTERVAL)
    const burst: Found = { io: detached(300 * 1024 ** 2), cpuSeconds: 0.3, listens: true }
    const causes = Array.from(
      { length: 40 * every },
      (_, n) => watched.sample(n % every === 0 ? burst : { listens: true }).stall?.cause ?? null,
    )
    const first = causes.indexOf('awaiting-input')
    expect(first * INTERVAL).toBeLessThan(3 * quiet)
    expect(causes.slice(first)).toEqual(Array(causes.length - first).fill('awaiting-input'))
  })

  it.each([1, 3, 4])('works when large files are read in all but one of %i samples', (every) => {
    const watched = new Watched()
    const burst: Found = { io: detached(300 * 1024 ** 2), cpuSeconds: 0.3, listens: true }
    const isPause = (n: number): boolean => every > 1 && n % every === 0
    for (let n = 0; n < 400; n += 1)
      expect(watched.sample(isPause(n) ? { listens: true } : burst).stall).toBeNull()
  })

  it('works again when it does not stop any more', () => {
    const watched = new Watched()
    while (watched.sample({ listens: true }).stall === null);
    const burst: Found = { io: detached(300 * 1024 ** 2), listens: true }
    const causes = Array.from({ length: 6 }, () => watched.sample(burst).stall?.cause ?? null)
    expect(causes).toEqual(['awaiting-input', 'awaiting-input', null, null, null, null])
  })

  it('works when more than that is moved', () => {
    const watched = new Watched()
    const bytes = 2 * HOUSEKEEPING_BYTES_PER_SECOND * INTERVAL
    for (let n = 0; n < 400; n += 1)
      expect(watched.sample({ io: detached(bytes), listens: true }).stall).toBeNull()
  })

  it('waits for a person also when small reads are found to be no work: not for its timer', () => {
    const watched = new Watched()
    const reads: Found = { ...FINDS['a few bytes read'], listens: true, received: 0 }
    const causes = Array.from(
      { length: 200 },
      (_, n) => watched.sample(n % 4 === 0 ? reads : { listens: true, received: 0 }).stall?.cause ?? null,
    )
    const first = causes.findIndex((cause) => cause !== null)
    expect(causes.slice(first)).toEqual(Array(200 - first).fill('awaiting-input'))
  })

  it('is progress all the same where nobody listens', () => {
    const watched = new Watched()
    for (let n = 0; n < 400; n += 1) expect(watched.sample({ ...trickle, listens: false }).stall).toBeNull()
  })
})

describe('a prompt that writes its state down now and then', () => {
  const burst: Found = { io: io(60_000, 30_000), cpuSeconds: 0.01, listens: true }
  const causesWith = (apart: number): readonly (string | null)[] => {
    const watched = new Watched()
    const every = Math.round((apart * (LIMITS.quietAfter ?? 0)) / INTERVAL)
    return Array.from(
      { length: 40 * every },
      (_, n) => watched.sample(n % every === 0 ? burst : { listens: true }).stall?.cause ?? null,
    )
  }

  it.each([0.4, 0.49, 0.6])(
    'waits for a person, once and for good, when %f of the limit is between',
    (apart) => {
      const causes = causesWith(apart)
      const first = causes.indexOf('awaiting-input')
      expect(first * INTERVAL).toBeLessThan(5 * (LIMITS.quietAfter ?? 0))
      expect(causes.slice(first)).toEqual(Array(causes.length - first).fill('awaiting-input'))
    },
  )

  it.each([0.03, 0.2, 0.3])('works when no more than %f of the limit is between', (apart) => {
    expect(new Set(causesWith(apart))).toEqual(new Set([null]))
  })
})
