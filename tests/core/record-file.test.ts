import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { END_REASONS, type LockRecord, PHASES, RESULTS } from '../../src/core/record.ts'
import { encodeRecord, parseRecord, toFields } from '../../src/core/record-file.ts'
import { anEndedRecord, aRecord, OPTIONS, recordFields } from '../fakes/records.ts'

const parsed = (value: unknown) => parseRecord(JSON.stringify(value), 'demo')
const without = (field: string): object =>
  Object.fromEntries(Object.entries(recordFields()).filter(([name]) => name !== field))
const set = (field: string, value: unknown): object => ({ ...recordFields(), [field]: value })

describe('a good record', () => {
  it.each<[string, LockRecord]>([
    ['a running one', aRecord()],
    ['an ended one', anEndedRecord()],
    ['a reaped one', anEndedRecord({ reason: 'owner-died', exit_code: null, reaped_epoch: 1 })],
    [
      'one with nothing in it that may be null',
      aRecord({
        pid_namespace: null,
        evidence: null,
        iterations: null,
        iteration_started_epoch: null,
        last_iteration: null,
        worker: null,
        refresher: null,
        tmux: null,
        options: { ...OPTIONS, timeout: null, max_failures: null, quiet_after: null, stuck_after: null },
      }),
    ],
    ['one with odd words in its command', aRecord({ command: ['', '\n', '\u001b', '"', 'ä', '\ud800'] })],
    ...PHASES.filter((phase) => phase !== 'ended').map((phase): [string, LockRecord] => [
      `one in phase ${phase}`,
      aRecord({ phase }),
    ]),
    ...END_REASONS.map((reason): [string, LockRecord] => [`one ended: ${reason}`, anEndedRecord({ reason })]),
    ...RESULTS.map((result): [string, LockRecord] => [
      `one whose last iteration was ${result}`,
      aRecord({
        last_iteration: { iteration: 1, result, exit_code: null, signal: 'SIGKILL', ended_epoch: 1 },
      }),
    ]),
  ])('comes back as it was written: %s', (_, record) => {
    expect(parseRecord(encodeRecord(record), 'demo')).toEqual({ kind: 'record', record })
  })

  it('may have fields that are not known', () => {
    expect(parsed({ ...recordFields(), colour: { deep: [1] } }).kind).toBe('record')
    expect(parsed({ ...recordFields(), worker: { pid: 5, pid_started: 6, nice: 10 } }).kind).toBe('record')
  })

  it('has no members when it was written before there were any', () => {
    expect(parsed(without('members'))).toEqual({ kind: 'record', record: aRecord({ members: [] }) })
  })

  it('has seen nothing and lost nothing when it was written before anybody watched', () => {
    const { watch: _watch, output_lost: _lost, ...before } = recordFields()
    expect(parsed(before)).toEqual({ kind: 'record', record: aRecord({ watch: null, output_lost: 0 }) })
  })

  it('is read for ever: one with members', () => {
    const text = readFileSync(new URL('../fixtures/records/format-1-members.json', import.meta.url), 'utf8')
    expect(parseRecord(text, 'nightly')).toMatchObject({
      kind: 'record',
      record: { worker: { pid: 22010 }, members: [{ pid: 22031, pid_started: 3351201 }] },
    })
  })

  it('is read for ever: the record of format 1 that is checked in', () => {
    const text = readFileSync(new URL('../fixtures/records/format-1.json', import.meta.url), 'utf8')
    const result = parseRecord(text, 'nightly')
    expect(result).toMatchObject({
      kind: 'record',
      record: {
        generation: 12,
        command: ['./agent.sh', '--prompt', 'it\'s a "test"\nüber zwei Zeilen'],
        iteration: { total: null },
        options: { delay: 1800, stuck_after: null },
        last_iteration: { result: 'killed', exit_code: null, signal: 'SIGKILL' },
        tmux: { pane: '%7', server_pid: 1822 },
        heartbeat: { monotonic: 33788.921134 },
      },
    })
  })
})

describe('a record of another format', () => {
  it.each([2, 3, 999])('is newer, whatever else is in it: %d', (format) => {
    expect(parsed({ format })).toEqual({ kind: 'newer', format })
  })

  it.each([0, -1, 1.5, '1', null, true, 2 ** 60])('is corrupt with the format %j', (format) => {
    expect(parsed({ ...recordFields(), format })).toEqual({
      kind: 'corrupt',
      reason: 'the record has no format number',
    })
  })
})

describe('a bad record', () => {
  const text = encodeRecord(aRecord())
  it.each([
    ['empty', '', 'empty'],
    ['white space only', ' \n\t', 'empty'],
    ['cut off in the middle', text.slice(0, text.length / 2), 'not JSON'],
    ['cut off before its last bracket', text.trimEnd().slice(0, -1), 'not JSON'],
    ['two records', `${text}${text}`, 'not JSON'],
    ['binary', '\u0000\u0001\ufffd', 'not JSON'],
    ['an array', '[]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['a text', '"demo"', 'not a JSON object'],
    ['a number', '1', 'not a JSON object'],
    ['an empty object', '{}', 'no format number'],
  ])('is corrupt, and says why: %s', (_, content, reason) => {
    expect(parseRecord(content, 'demo')).toEqual({
      kind: 'corrupt',
      reason: expect.stringContaining(reason),
    })
  })

  it.each(
    Object.keys(recordFields()).filter(
      (field) =>
        !['format', 'shell', 'loop', 'members', 'cgroup', 'places', 'watch', 'output_lost'].includes(field),
    ),
  )('is corrupt without its field %s', (field) => {
    expect(parsed(without(field))).toEqual({ kind: 'corrupt', reason: `field "${field}" is missing` })
  })

  it.each<[string, string, unknown]>([
    ['an empty session', 'session', ''],
    ['a generation of 0', 'generation', 0],
    ['a generation with a fraction', 'generation', 1.5],
    ['a generation too big to count on', 'generation', 1e15],
    ['a loop that counts backwards', 'loop', { unchanged: -1 }],
    ['a loop that is none', 'loop', null],
    ['a phase that does not exist', 'phase', 'done'],
    ['a phase of the prototype', 'phase', 'toString'],
    ['a pid of 0', 'pid', 0],
    ['a negative pid', 'pid', -1],
    ['a pid as a text', 'pid', '12'],
    ['a pid too big for any kernel', 'pid', 2 ** 31],
    ['a negative start', 'pid_started', -1],
    ['NaN, which JSON has as null', 'pid_started', null],
    ['another clock', 'pid_started_clock', 'sundial'],
    ['an empty boot id', 'boot_id', ''],
    ['an empty PID namespace', 'pid_namespace', ''],
    ['a number as a host', 'host', 5],
    ['no user', 'user', null],
    ['an empty directory', 'cwd', ''],
    ['no word in the command', 'command', []],
    ['a command that is a text', 'command', 'make'],
    ['a number in the command', 'command', ['a', 1]],
    ['a NUL in the command', 'command', ['a\0b']],
    ['a NUL in the directory', 'cwd', '/a\0b'],
    ['members that are no list', 'members', {}],
    ['a watch that is a text', 'watch', 'silent'],
    [
      'a stall of a kind that nobody knows',
      'watch',
      { ...aRecord().watch, stall: { cause: 'bored', since: 1 } },
    ],
    ['a source that was never seen and says so wrongly', 'watch', { ...aRecord().watch, sources: {} }],
    ['lost output below nothing', 'output_lost', -1],
    ['members that are null', 'members', null],
    ['a member without a start', 'members', [{ pid: 5 }]],
    ['an empty cookie', 'cookie', ''],
    ['options that are an array', 'options', []],
    ['a negative delay', 'options', { ...OPTIONS, delay: -1 }],
    ['a stale_after of 0 in the options', 'options', { ...OPTIONS, stale_after: 0 }],
    ['a keep of 0', 'options', { ...OPTIONS, keep: 0 }],
    ['max_failures of 0', 'options', { ...OPTIONS, max_failures: 0 }],
    ['a text for an epoch', 'started_epoch', '2026-01-01'],
    ['a heartbeat that is infinite', 'heartbeat_epoch', null],
    ['a boolean heartbeat', 'heartbeat_monotonic', true],
    ['a stale_after of 0', 'stale_after', 0],
    ['an interval of 0', 'heartbeat_interval', 0],
    ['evidence without an epoch', 'evidence', { source: 'alive' }],
    ['a negative iteration', 'iteration', -1],
    ['iterations of 0', 'iterations', 0],
    ['a text as the start of the iteration', 'iteration_started_epoch', 'now'],
    ['a fraction of a failure', 'failures', 0.5],
    ['a last iteration of 0', 'last_iteration', { ...aRecord().last_iteration, iteration: 0 }],
    ['a result that does not exist', 'last_iteration', { ...aRecord().last_iteration, result: 'fine' }],
    ['an exit code of 256', 'last_iteration', { ...aRecord().last_iteration, exit_code: 256 }],
    ['a worker without a start', 'worker', { pid: 5 }],
    ['a worker with pid 0', 'worker', { pid: 0, pid_started: 5 }],
    ['a refresher that is a pid alone', 'refresher', 5],
    ['a tmux place without a pane', 'tmux', { socket: '/s', session: 'demo', server_pid: 5 }],
    ['an end that is true', 'ended', true],
  ])('is corrupt with %s', (_, field, value) => {
    expect(parsed(set(field, value))).toEqual({
      kind: 'corrupt',
      reason: `field "${field}" is not what it should be`,
    })
  })

  it('is corrupt with a number that JSON reads as infinite', () => {
    const infinite = encodeRecord(aRecord({ heartbeat_epoch: 12345 })).replace('12345', '1e999')
    expect(infinite).toContain('1e999')
    expect(parseRecord(infinite, 'demo').kind).toBe('corrupt')
  })

  it.each<[string, object]>([
    ['for a reason that does not exist', { reason: 'bored' }],
    ['with exit code -1', { exit_code: -1 }],
    ['with an epoch that is a text', { epoch: 'now' }],
    ['with a reaping that is null', { reaped_epoch: null }],
  ])('is corrupt when it ended %s', (_, change) => {
    const record = toFields(anEndedRecord())
    expect(parsed({ ...record, ended: { ...record.ended, ...change } })).toEqual({
      kind: 'corrupt',
      reason: 'field "ended" is not what it should be',
    })
  })

  it('is corrupt when it names another session', () => {
    expect(parseRecord(text, 'other')).toEqual({
      kind: 'corrupt',
      reason: 'the record names another session',
    })
  })

  it.each<[string, object]>([
    ['phase ended, and no end', { ...recordFields(), phase: 'ended' }],
    ['an end, and phase running', { ...toFields(anEndedRecord()), phase: 'running' }],
  ])('is corrupt when it contradicts itself: %s', (_, value) => {
    expect(parsed(value)).toEqual({ kind: 'corrupt', reason: 'fields "phase" and "ended" disagree' })
  })

  it('takes no field from a prototype in the text', () => {
    const { pid: _, ...rest } = recordFields()
    const content = JSON.stringify(rest).replace('{', '{"__proto__":{"pid":5},')
    expect(parseRecord(content, 'demo')).toEqual({ kind: 'corrupt', reason: 'field "pid" is missing' })
  })
})
