/** What holds for any input at all. */
import { normalize } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { classify } from '../../src/core/classify.ts'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'
import { LockError } from '../../src/core/errors.ts'
import { EVENTS, encodeEntry, type HistoryEntry, parseHistory } from '../../src/core/history.ts'
import { printable, shellQuote } from '../../src/core/printable.ts'
import { END_REASONS, type LockRecord, PHASES, RESULTS, START_CLOCKS } from '../../src/core/record.ts'
import { encodeRecord, parseRecord } from '../../src/core/record-file.ts'
import { isSessionName } from '../../src/core/session-name.ts'
import { parseSize } from '../../src/core/size.ts'
import type { StoredRecord } from '../../src/core/verdict.ts'
import { sessionPaths } from '../../src/store/paths.ts'
import { aRecord, HERE, NOW, owner, refresher, viewOf, worker } from '../fakes/records.ts'
import { parse } from '../fakes/verbs.ts'
import { cases, limitless } from './cases.ts'
import { anyContent, mutatedRecord } from './contents.ts'

vi.setConfig(limitless)

const RUNS = cases(300)

const isNumber = (v: unknown): boolean => typeof v === 'number' && Number.isFinite(v) && v >= 0
const isInteger = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 0
const isReference = (v: LockRecord['worker']): boolean =>
  v === null || (isInteger(v.pid) && v.pid > 0 && isNumber(v.pid_started))

/** The types of LockRecord once more, written down apart from the code that checks them. */
const breaches = (r: LockRecord): readonly string[] => {
  const { owner, heartbeat, iteration } = r
  const claims: readonly (readonly [string, boolean])[] = [
    ['format', r.format === 1],
    ['session', isSessionName(r.session)],
    ['generation', isInteger(r.generation) && r.generation > 0],
    ['phase', PHASES.includes(r.phase)],
    ['owner', isReference(owner) && START_CLOCKS.includes(owner.started_clock)],
    [
      'texts',
      [owner.boot_id, owner.host, owner.user, r.cwd, r.cookie].every((text) => typeof text === 'string'),
    ],
    ['pid_namespace', owner.pid_namespace === null || typeof owner.pid_namespace === 'string'],
    ['command', r.command.length > 0 && r.command.every((word) => typeof word === 'string')],
    ['epochs', [r.started_epoch, heartbeat.epoch, heartbeat.monotonic].every(isNumber)],
    ['durations', [heartbeat.stale_after, heartbeat.interval].every((v) => isNumber(v) && v > 0)],
    ['counts', [iteration.number, r.failures].every(isInteger)],
    ['total', iteration.total === null || (isInteger(iteration.total) && iteration.total > 0)],
    ['started_epoch', iteration.started_epoch === null || isNumber(iteration.started_epoch)],
    ['members', r.members.every((member) => isReference(member))],
    ['cgroup', r.cgroup === null || (typeof r.cgroup === 'string' && r.cgroup !== '')],
    ['references', isReference(r.worker) && isReference(r.refresher)],
    [
      'evidence',
      r.evidence === null || (typeof r.evidence.source === 'string' && isNumber(r.evidence.epoch)),
    ],
    ['last_iteration', r.last_iteration === null || RESULTS.includes(r.last_iteration.result)],
    [
      'tmux',
      r.tmux === null || [r.tmux.socket, r.tmux.session, r.tmux.pane].every((v) => typeof v === 'string'),
    ],
    ['ended', r.ended === null || (END_REASONS.includes(r.ended.reason) && isNumber(r.ended.epoch))],
    ['phase and ended', (r.phase === 'ended') === (r.ended !== null)],
    ['options', [r.options.delay, r.options.grace, r.options.keep, r.options.log_limit].every(isNumber)],
  ]
  return claims.flatMap(([name, holds]) => (holds ? [] : [name]))
}

describe('parseRecord', () => {
  it('answers whatever the text is, and never with a record that breaks a type', () => {
    fc.assert(
      fc.property(anyContent, (content) => {
        const parsed = parseRecord(content, 'demo')
        if (parsed.kind === 'record') expect(breaches(parsed.record)).toEqual([])
        if (parsed.kind === 'corrupt') expect(parsed.reason).not.toMatch(/\p{Cc}/u)
      }),
      cases(2000),
    )
  })

  it('gives back what was written', () => {
    const epoch = fc.double({ min: 0, max: 4e9, noNaN: true }).map((value) => value + 0)
    const reference = fc.option(
      fc.record({ pid: fc.integer({ min: 1, max: 2 ** 22 }), pid_started: fc.nat() }),
      { nil: null },
    )
    const record = fc
      .record({
        generation: fc.integer({ min: 1, max: 1e15 - 1 }),
        host: fc.string({ unit: 'binary' }),
        command: fc.array(
          fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
          { minLength: 1 },
        ),
        heartbeat_epoch: epoch,
        heartbeat_monotonic: epoch,
        iteration: fc.nat(),
        iterations: fc.option(fc.integer({ min: 1 }), { nil: null }),
        worker: reference,
        refresher: reference,
        phase: fc.constantFrom(...PHASES.filter((phase) => phase !== 'ended')),
      })
      .map((changes) => aRecord(changes))
    fc.assert(
      fc.property(record, (one) => {
        expect(parseRecord(encodeRecord(one), 'demo')).toEqual({ kind: 'record', record: one })
      }),
      RUNS,
    )
  })
})

describe('the history', () => {
  const count = fc.nat({ max: 2 ** 31 - 1 })
  const natural = fc.integer({ min: 1, max: 1e15 - 1 })
  const seconds = fc.double({ min: 0, max: 4e9, noNaN: true }).map((value) => value + 0)
  const text = fc.string({ unit: 'binary', minLength: 1 })
  const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
  const entry: fc.Arbitrary<HistoryEntry> = fc.oneof(
    fc.record({
      kind: fc.constant('iteration' as const),
      generation: natural,
      iteration: natural,
      started_epoch: seconds,
      duration: seconds,
      result: fc.constantFrom(...RESULTS),
      exit_code: orNull(fc.nat({ max: 255 })),
      signal: orNull(text),
      beats: count,
      longest_quiet: seconds,
      output_bytes: count,
      output_lost: count,
      left_running: count,
      incident: orNull(text),
      changed: orNull(
        fc.record({
          commits: count,
          files: count,
          head_moved: fc.boolean(),
          notes: count,
          output: count,
        }),
      ),
    }),
    fc.record({
      kind: fc.constant('event' as const),
      generation: natural,
      epoch: seconds,
      event: fc.constantFrom(...EVENTS),
      iteration: count,
      detail: orNull(fc.string({ unit: 'binary' })),
    }),
  )
  const history = fc.array(entry, { maxLength: 8 })

  it('gives back what was written', () => {
    fc.assert(
      fc.property(history, (entries) => {
        expect(parseHistory(entries.map(encodeEntry).join(''))).toEqual({ entries, skipped: 0, torn: false })
      }),
      RUNS,
    )
  })

  it('that was cut off anywhere gives back all whole lines, and says so', () => {
    fc.assert(
      fc.property(history, entry, fc.double({ min: 0, max: 1, noNaN: true }), (entries, last, fraction) => {
        const line = encodeEntry(last)
        const cut = Math.floor(fraction * (line.length - 2))
        const text = entries.map(encodeEntry).join('') + line.slice(0, cut)
        expect(parseHistory(text)).toEqual({ entries, skipped: 0, torn: cut > 0 })
        // And with what is appended to it later, behind a newline.
        const later = parseHistory(`${text}\n${line}`)
        expect(later).toEqual({ entries: [...entries, last], skipped: cut > 0 ? 1 : 0, torn: false })
      }),
      RUNS,
    )
  })

  it('passes over lines of any other kind, and only them', () => {
    const alien = fc
      .oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constant('{"kind":"iteration","generation":1}'))
      .map((line) => line.replaceAll('\n', ' '))
      .filter((line) => line !== '')
    fc.assert(
      fc.property(history, fc.array(alien, { maxLength: 5 }), fc.nat(), (entries, aliens, where) => {
        const lines = entries.map(encodeEntry)
        const place = where % (lines.length + 1)
        lines.splice(place, 0, ...aliens.map((line) => `${line}\n`))
        expect(parseHistory(lines.join(''))).toEqual({ entries, skipped: aliens.length, torn: false })
      }),
      RUNS,
    )
  })
})

describe('the verdict', () => {
  const view = viewOf([owner(), refresher(), worker()])

  it('on what is no record is never free nor dead', () => {
    fc.assert(
      fc.property(anyContent, (content) => {
        const parsed = parseRecord(content, 'demo')
        fc.pre(parsed.kind !== 'record')
        const { state, reason } = classify(parsed as StoredRecord, view, HERE, NOW)
        expect(state).toBe('unknown')
        expect(reason).not.toBe('')
      }),
      cases(1000),
    )
  })

  it('on any record has a reason and an age that is a number', () => {
    fc.assert(
      fc.property(mutatedRecord, (content) => {
        const parsed = parseRecord(content, 'demo')
        fc.pre(parsed.kind === 'record')
        const verdict = classify(parsed as StoredRecord, view, HERE, NOW)
        expect(verdict.reason).not.toMatch(/NaN|undefined|null/)
        expect(verdict.heartbeatAge).toBeGreaterThanOrEqual(0)
        expect(verdict.cause === null).toBe(verdict.state !== 'hung')
      }),
      RUNS,
    )
  })
})

describe('what a person types', () => {
  const failsOnlyByUsage = (act: () => unknown): void => {
    try {
      act()
    } catch (error) {
      expect(error).toBeInstanceOf(LockError)
      expect((error as LockError).exitCode).toBe(64)
      expect((error as LockError).message).not.toMatch(/\p{Cc}/u)
    }
  }
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^-?\d{0,30}(\.\d{0,5})?[a-zA-Z]{0,3}$/),
  )

  it('as a duration is seconds, or wrong usage', () => {
    fc.assert(
      fc.property(text, (typed) =>
        failsOnlyByUsage(() => {
          const seconds = parseDuration(typed, '--delay')
          expect(isNumber(seconds)).toBe(true)
          expect(formatDuration(seconds)).not.toMatch(/NaN|Infinity/)
        }),
      ),
      RUNS,
    )
  })

  it('as a size is bytes, or wrong usage', () => {
    fc.assert(
      fc.property(text, (typed) =>
        failsOnlyByUsage(() => expect(isInteger(parseSize(typed, '--log-limit'))).toBe(true)),
      ),
      RUNS,
    )
  })

  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.stringMatching(/^-{0,3}[a-z0-9=._-]{0,12}$/),
    fc.constantFrom(
      'demo',
      '--',
      '-n',
      '-d',
      '--wait',
      '--force',
      '--delay=1',
      '--help',
      '--json',
      '-n3',
      '-',
    ),
  )

  it('as a command line is understood, or wrong usage', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('engine', 'lock'),
        fc.constantFrom(
          'run',
          'stop',
          'status',
          'wait',
          'doctor',
          'why',
          'logs',
          'progress',
          'completion',
          '',
        ),
        fc.array(word, { maxLength: 6 }),
        (program, verb, words) => {
          failsOnlyByUsage(() => parse(program, [verb, ...words]))
        },
      ),
      cases(1500),
    )
  })

  it('behind a -- is passed on as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (words) => {
        const parsed = parse('engine', ['run', 'demo', '--', ...words])
        expect(parsed.kind === 'arguments' ? parsed.args.command : null).toEqual(words)
      }),
      RUNS,
    )
  })
})

describe('a session name', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 70 }),
    fc.stringMatching(/^[A-Za-z0-9._\-/ ]{0,70}$/),
    fc.constantFrom('..', '.', 'a/../b', 'a.json', '-n', 'a\n', 'a\0', 'é', '\u202eab'),
  )

  it('is refused as wrong usage, or names files of the lock directory and no others', () => {
    fc.assert(
      fc.property(name, (text) => {
        if (!isSessionName(text)) return
        expect(text).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
        const { lock, record, home } = sessionPaths('/locks', text)
        expect([lock, record, home]).toEqual([`/locks/${text}.lock`, `/locks/${text}.json`, `/locks/${text}`])
        for (const path of [lock, record, home]) expect(normalize(path)).toBe(path)
      }),
      RUNS,
    )
  })
})

describe('what goes to a terminal', () => {
  it('has no control characters in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })), (text, words) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
        expect(shellQuote(words)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      }),
      RUNS,
    )
  })
})
