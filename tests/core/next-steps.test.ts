import { describe, expect, it } from 'vitest'
import { nextSteps } from '../../src/core/next-steps.ts'
import type { Cause, State, StoredRecord } from '../../src/core/verdict.ts'
import { anEndedRecord, stored } from '../fakes/records.ts'

const commands = (
  found: StoredRecord,
  state: State,
  cause: Cause | null = null,
  isHeld = false,
): readonly string[] =>
  nextSteps(
    'demo',
    found,
    { state, reason: '', cause, heartbeatAge: null, ownerAlive: null },
    { isHeld, isAsking: false },
  ).map(({ command }) => command)
const ended = (...args: Parameters<typeof anEndedRecord>): StoredRecord => ({
  kind: 'record',
  record: anEndedRecord(...args),
})

describe('the next steps', () => {
  it.each<[string, StoredRecord, State, string[]]>([
    ['active in tmux', stored(), 'active', ['lock.sh attach demo', 'engine.sh stop demo']],
    [
      'active, with its output elsewhere than in its pane',
      stored({ tmux: { socket: '/s', session: 'demo', pane: '%5', server_pid: 39, shows_output: false } }),
      'active',
      ['lock.sh logs demo -f', 'engine.sh stop demo'],
    ],
    [
      'active outside tmux',
      stored({ tmux: null }),
      'active',
      ['lock.sh logs demo -f', 'engine.sh stop demo'],
    ],
    ['hung', stored(), 'hung', ['lock.sh attach demo', 'engine.sh run demo --force', 'engine.sh stop demo']],
    [
      'hung outside tmux',
      stored({ tmux: null }),
      'hung',
      ['lock.sh logs demo -n 50', 'engine.sh run demo --force', 'engine.sh stop demo'],
    ],
    ['dead', stored(), 'dead', ['engine.sh run demo', 'lock.sh logs demo -n 50', 'lock.sh reap demo']],
    [
      'dead with nothing left to do',
      stored({
        iteration: 5,
        last_iteration: { iteration: 5, result: 'ok', exit_code: 0, signal: null, ended_epoch: 1 },
      }),
      'dead',
      ['engine.sh run demo --fresh', 'lock.sh logs demo -n 50', 'lock.sh reap demo'],
    ],
    ['never run', { kind: 'none' }, 'free', ['engine.sh run demo -- COMMAND']],
    ['completed', ended(), 'free', ['engine.sh run demo --fresh', 'lock.sh history demo']],
    ['interrupted', ended({ reason: 'interrupted' }), 'free', ['engine.sh run demo', 'lock.sh history demo']],
    ['unknown', { kind: 'corrupt', reason: 'x' }, 'unknown', ['lock.sh doctor']],
  ])('of a session that is %s', (_, found, state, expected) => {
    expect(commands(found, state)).toEqual(expected)
  })

  it.each<[Cause, string]>([
    ['silent', 'lock.sh interrupt demo'],
    ['repeating', 'lock.sh interrupt demo'],
    ['owner-stopped', 'kill -CONT 4000'],
    ['refresher-gone', 'engine.sh run demo --force'],
  ])('of a session that hangs because it is %s: the owner does it when it can', (cause, second) => {
    expect(commands(stored(), 'hung', cause)[1]).toBe(second)
    expect(commands(stored(), 'hung', cause)).toContain('engine.sh run demo --force')
  })

  it('of a session that waits for a person begin with the answer, where one can be typed', () => {
    expect(commands(stored(), 'hung', 'awaiting-input')[0]).toBe('lock.sh answer demo TEXT')
    expect(commands(stored({ tmux: null }), 'hung', 'awaiting-input')[0]).toBe('lock.sh logs demo -n 50')
    const verdict = {
      state: 'active',
      reason: '',
      cause: null,
      heartbeatAge: null,
      ownerAlive: true,
    } as const
    const [step] = nextSteps('demo', stored(), verdict, { isHeld: true, isAsking: true })
    expect(step?.command).toBe('lock.sh answer demo TEXT')
  })

  it('do not send anybody against a lock that another program has', () => {
    expect(commands(stored(), 'free', null, true)).toEqual(['engine.sh run demo --wait'])
  })

  it('say which iteration comes next', () => {
    const [step] = nextSteps(
      'demo',
      stored(),
      {
        state: 'dead',
        reason: '',
        cause: null,
        heartbeatAge: null,
        ownerAlive: false,
      },
      { isHeld: false, isAsking: false },
    )
    expect(step?.purpose).toContain('iteration 3')
  })
})
