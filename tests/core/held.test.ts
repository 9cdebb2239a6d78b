import { describe, expect, it } from 'vitest'
import { describeOwner, heldError, nameHolders } from '../../src/core/held.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { State, StoredRecord, Verdict } from '../../src/core/verdict.ts'
import { anEndedRecord, aRecord, NOW, stored } from '../fakes/records.ts'

const verdictOf = (state: State, reason = 'because'): Verdict => ({
  state,
  reason,
  cause: null,
  heartbeatAge: 1,
  ownerAlive: true,
})
const PANE = { socket: '/tmp/tmux-1000/default', session: 'demo', pane: '%5', server_pid: 3900 }
const HOLDERS = [{ pid: 77, name: 'flock' }]
const held = (found: StoredRecord, state: State, reason?: string) =>
  heldError({ session: 'demo', stored: found, verdict: verdictOf(state, reason) }, HOLDERS, NOW)

describe('a held session', () => {
  it('says who holds it, since when, what it does and what to do next', () => {
    const failure = held(stored(), 'active', 'iteration 2 of 5')
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain('pid 4000 (ann@here) since ')
    expect(failure.message).toContain('5m ago, run 7: ./agent.sh --fast')
    expect(failure.message).toContain('active: iteration 2 of 5')
    expect(failure.hint).toContain('--wait')
    expect(failure.hint).toContain('--force')
  })

  it('names attach, why and --force when it is hung', () => {
    const { hint } = held(stored(), 'hung')
    expect(hint).toContain('lock.sh attach demo')
    expect(hint).toContain('lock.sh why demo')
    expect(hint).toContain('--force')
  })

  it.each([
    ['outside tmux', { tmux: null }],
    ['whose pane shows something else', { tmux: { ...PANE, shows_output: false } }],
  ])('does not advise to attach to a run %s', (_, changes) => {
    const { hint } = held(stored(changes), 'active')
    expect(hint).not.toContain('attach')
    expect(hint).toContain('lock.sh logs demo -f')
  })

  it('does not offer --force for an owner that cannot be checked', () => {
    const { hint } = held(stored(), 'unknown')
    expect(hint).toContain('lock.sh why demo')
    expect(hint).not.toContain('--force')
  })

  it.each<[string, StoredRecord, State]>([
    ['there is no record', { kind: 'none' }, 'free'],
    ['the record is corrupt', { kind: 'corrupt', reason: 'x' }, 'unknown'],
    ['its run has ended', { kind: 'record', record: anEndedRecord() }, 'free'],
    ['its owner is dead', stored(), 'dead'],
  ])('names the holders when %s: the owner in the record it is not', (_, found, state) => {
    const failure = held(found, state)
    expect(failure.exitCode).toBe(75)
    expect(failure.message).toContain('pid 77 (flock), not by an owner in the record')
  })

  it('shows no control characters from a record', () => {
    const nasty: Partial<RecordFields> = {
      user: '\u001b[1m',
      host: '\u009b2J',
      command: ['\u001b]0;x\u0007'],
    }
    const { message } = held(stored(nasty), 'hung', '\u001b[31m')
    expect(message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})

describe('the words about processes', () => {
  it('name every holder', () => {
    expect(nameHolders([...HOLDERS, { pid: 78, name: 'a\u001bb' }])).toBe('pid 77 (flock), pid 78 (a\\x1bb)')
  })

  it('say so when there is none to be seen', () => {
    expect(nameHolders([])).toBe('a process that cannot be seen from here')
  })

  it('never show a run that began in the future', () => {
    expect(describeOwner(aRecord({ started_epoch: NOW.epoch + 60 }), NOW)).toContain(' 0s ago')
  })
})
