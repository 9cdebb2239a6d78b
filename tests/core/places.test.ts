import { describe, expect, it } from 'vitest'
import type { Config } from '../../src/core/config.ts'
import { describeLimit, limitsOf, placeFile, placeNumber } from '../../src/core/places.ts'

const config = (changes: Partial<Config> = {}): Config => ({
  path: '/w/engine.yaml',
  directory: '/w',
  defaults: {},
  sessions: new Map([
    ['docs', { command: null, cwd: '/w', env: {}, group: 'agents', options: {} }],
    ['api', { command: null, cwd: '/w', env: {}, group: null, options: {} }],
  ]),
  groups: new Map([['agents', 2]]),
  maxSessions: 3,
  ...changes,
})

const ALL = { group: null, max: 3, source: '/w/engine.yaml' }
const AGENTS = { group: 'agents', max: 2, source: '/w/engine.yaml' }

describe('the limits of a run', () => {
  it.each([
    ['nobody has set one', null, {}, []],
    ['the file has one for all', config(), { name: 'api' }, [ALL]],
    ['its group has one, too', config(), { name: 'docs' }, [AGENTS, ALL]],
    ['only its group has one', config({ maxSessions: null }), { name: 'docs' }, [AGENTS]],
    ['its group has none', config({ groups: new Map([['agents', null]]) }), { name: 'docs' }, [ALL]],
    ['the file does not name it', config(), { name: 'other' }, [ALL]],
    [
      'the variable wins',
      config(),
      { name: 'docs', max: '5' },
      [AGENTS, { ...ALL, max: 5, source: 'LOCK_MAX_SESSIONS' }],
    ],
    ['the variable takes it away', config(), { name: 'api', max: 'inf' }, []],
    ['the variable is empty', config(), { name: 'api', max: '' }, [ALL]],
    [
      'only the variable is there',
      null,
      { max: '1' },
      [{ group: null, max: 1, source: 'LOCK_MAX_SESSIONS' }],
    ],
  ])('%s', (_, file, { name = 'docs', max }: { name?: string; max?: string }, limits) => {
    expect(limitsOf(file, name, { LOCK_MAX_SESSIONS: max })).toEqual(limits)
  })

  it.each(['0', '-1', '1.5', 'many', ' '])('are refused when the variable is %j', (max) => {
    expect(() => limitsOf(null, 'docs', { LOCK_MAX_SESSIONS: max })).toThrow(/LOCK_MAX_SESSIONS/)
  })

  it('say who has set them', () => {
    expect(describeLimit(ALL)).toBe('max_sessions is 3 (/w/engine.yaml)')
    expect(describeLimit(AGENTS)).toBe('max_sessions of group agents is 2 (/w/engine.yaml)')
    expect(describeLimit({ group: null, max: 1, source: 'LOCK_MAX_SESSIONS' })).toBe('LOCK_MAX_SESSIONS is 1')
  })
})

describe('the file of a place', () => {
  it.each([
    [null, '_all.2.lock'],
    ['agents', 'agents.2.lock'],
  ])('of group %j has its name, and the name leads back', (group, file) => {
    expect(placeFile({ group, number: 2 })).toBe(file)
    expect(placeNumber(group, file)).toBe(2)
  })

  it.each([
    'agents.2.lock',
    '_all.gate',
    '_all.0.lock',
    '_all.02.lock',
    '_all.2.lock.old',
    '_all.x.lock',
    '.lock',
  ])('is not %j for all sessions', (file) => expect(placeNumber(null, file)).toBeNull())
})
