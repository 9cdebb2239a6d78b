/** Whatever is in a record, a terminal gets only text from it. */
import { describe, expect, it } from 'vitest'
import { ownerLiveness } from '../../src/core/identity.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { Diagnosis } from '../../src/session/diagnosis.ts'
import { Snapshot } from '../../src/session/snapshot.ts'
import { renderShort } from '../../src/verbs/attach.ts'
import { renderDoctor } from '../../src/verbs/doctor.ts'
import { renderStatus } from '../../src/verbs/shared/status-table.ts'
import { renderWhy } from '../../src/verbs/why.ts'
import { aRecord, HERE, NOW, owner, refresher, viewOf, worker } from '../fakes/records.ts'

const TERMINAL = { columns: 100, paint: (_: string, text: string) => text }
const EVIL = '\u001b]0;evil\u0007\u009b2J\u202e\r'
const EVIL_RECORD: Partial<RecordFields> = {
  host: `host${EVIL}`,
  user: EVIL,
  command: [EVIL, 'x'],
  cwd: `/${EVIL}`,
  evidence: { source: EVIL as 'alive', epoch: 1 },
  tmux: { socket: EVIL, session: EVIL, pane: EVIL, server_pid: 1 },
}

const VIEW = viewOf([owner(), refresher(), worker()])
const MOMENT = { view: VIEW, now: NOW }
const sightOf = (changes: Partial<RecordFields>): Diagnosis['snapshot'] => {
  return new Snapshot({ session: 'demo', stored: { kind: 'record', record: aRecord(changes) } }, HERE, MOMENT)
}
const partOf = (changes: Partial<RecordFields>): NonNullable<Diagnosis['owner_process']> => {
  const liveness = ownerLiveness(aRecord(changes), VIEW, HERE)
  const state = liveness.kind === 'alive' ? liveness.state : liveness.reason
  return { pid: 4000, pid_started: 900, alive: null, state }
}
const diagnosisOf = (changes: Partial<RecordFields>): Diagnosis => ({
  snapshot: sightOf(changes),
  kernel_lock: { state: 'held', open_in: [{ pid: 5, name: EVIL }] },
  owner_process: partOf(changes),
  refresher_process: null,
  worker_process: null,
  tree: [
    {
      pid: 5,
      parent: 1,
      state: 'running',
      cpu_seconds: 1,
      cpu_percent: 50,
      age_seconds: null,
      command: [`a${EVIL}`],
    },
  ],
  pane: 'live',
  screen: [`line ${EVIL}`],
  screen_source: 'pane',
  sources: [{ source: 'output', value: 4096, age: 7, limit: 1800 }],
  note: { epoch: NOW.epoch - 5, iteration: 2, note: `batch ${EVIL}`, for: 60 },
  incident: `/${EVIL}`,
  next: [{ command: 'lock.sh doctor', purpose: 'check' }],
})

const clean = (text: string): void => expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)

const PLACES: readonly (readonly [string, Partial<RecordFields>])[] = [
  ['a record of this machine', EVIL_RECORD],
  ['a record of another host', { ...EVIL_RECORD, boot_id: 'b' }],
  ['a record of another PID namespace', { ...EVIL_RECORD, pid_namespace: `pid:${EVIL}` }],
]

describe.each(PLACES)('%s', (_, changes) => {
  it('is shown in the table without its control characters', () => {
    clean(renderStatus([sightOf(changes)], TERMINAL))
  })

  it('is shown by attach without its control characters', () => {
    clean(renderShort(diagnosisOf(changes), TERMINAL))
  })

  it('is explained by why without its control characters', () => {
    clean(renderWhy(diagnosisOf(changes), TERMINAL, NOW))
  })
})

describe('why', () => {
  it('has the last note, and what it promises', () => {
    const note = { epoch: NOW.epoch - 5, iteration: 2, note: 'batch 7 done', for: 65 }
    const text = renderWhy({ ...diagnosisOf({}), note }, TERMINAL, NOW)
    expect(text).toMatch(/^note +5s ago: batch 7 done; may be silent for another 1m$/m)
  })
})

describe('the table of sessions', () => {
  it('has what is known, and a dash for the rest', () => {
    const never = new Snapshot({ session: 'new', stored: { kind: 'none' } }, HERE, MOMENT)
    const lines = renderStatus([sightOf({}), never], TERMINAL).split('\n')
    expect(lines[0]).toMatch(/^SESSION +STATE +RUN +ITERATION +HEARTBEAT +REASON$/)
    expect(lines[1]).toMatch(/^demo +active +7 +2\/5 +5s +iteration 2 of 5/)
    expect(lines[2]).toMatch(/^new +free +- +- +- +it has never run$/)
  })

  it('has the reason on a line of its own where there is no room for it', () => {
    const lines = renderStatus([sightOf({}), sightOf({})], { ...TERMINAL, columns: 60 }).split('\n')
    expect(lines[0]).toMatch(/^SESSION +STATE +RUN +ITERATION +HEARTBEAT$/)
    expect(lines[3]).toMatch(/^demo +active +7 +2\/5 +5s$/)
    expect(lines[4]).toMatch(/^ {2}iteration 2 of 5 for .*$/)
    expect(lines.every((line) => line.length <= 60)).toBe(true)
    expect(lines.at(-1)).toBe('')
  })

  it('shows a run without an end', () => {
    expect(renderStatus([sightOf({ iterations: null })], TERMINAL)).toContain('2/∞')
  })
})

describe('what doctor says', () => {
  it('has a line for each check, and the fix below', () => {
    const text = renderDoctor(
      [
        { level: 'ok', what: 'node', found: 'v20' },
        { level: 'error', what: 'lock directory', found: EVIL, fix: 'chmod 700 x', exitCode: 77 },
      ],
      TERMINAL,
    )
    clean(text)
    expect(text.split('\n')[0]).toMatch(/^ok +node +v20$/)
    expect(text).toMatch(/\n +chmod 700 x\n/)
  })
})
