import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { parseConfig } from '../../src/config/parse.ts'
import { jsonSchema } from '../../src/config/schema.ts'
import type { Config } from '../../src/core/config.ts'
import type { LockError } from '../../src/core/errors.ts'

const parse = (text: string): Promise<Config> =>
  parseConfig({ path: '/project/engine.yaml', directory: '/project', text }, { env: { HOME: '/home/ann' } })

const failure = (text: string): Promise<LockError> =>
  parse(text).then(
    () => Promise.reject(new Error('it was accepted')),
    (error: LockError) => error,
  )

describe('engine.yaml', () => {
  it('has sessions with command, directory, environment and options', async () => {
    const { sessions, defaults, groups, maxSessions } = await parse(`
max_sessions: 4
notify: ./tell.sh
groups:
  agents: { max_sessions: 2 }
defaults:
  grace: 3s
  max_failures: 5
sessions:
  docs:
    command: claude -p "$(cat prompt.md)"
    cwd: ~/docs
    env: { MODEL: opus, RETRIES: 3, VERBOSE: true }
    group: agents
    iterations: inf
    delay: 10m
    quiet_after: off
  api:
    command: [node, agent.mjs, 7]
    cwd: sub/api
`)
    expect(maxSessions).toBe(4)
    expect(groups).toEqual(new Map([['agents', 2]]))
    expect(defaults).toMatchObject({ grace: ['3s'], 'max-failures': ['5'] })
    expect(sessions.get('docs')).toEqual({
      command: ['sh', '-c', 'claude -p "$(cat prompt.md)"'],
      cwd: '/home/ann/docs',
      env: { MODEL: 'opus', RETRIES: '3', VERBOSE: 'true' },
      group: 'agents',
      options: { iterations: ['inf'], delay: ['10m'], 'quiet-after': ['off'] },
    })
    expect(sessions.get('api')).toMatchObject({
      command: ['node', 'agent.mjs', '7'],
      cwd: '/project/sub/api',
    })
  })

  it.each([
    ['an empty file', ''],
    ['nothing but a comment', '# later\n'],
    ['CRLF line ends and a byte order mark', '\ufeffsessions:\r\n  docs:\r\n    command: make\r\n'],
    ['a session without anything', 'sessions:\n  docs:\n'],
    [
      'anchors and merge keys',
      'defaults: &d\n  grace: 3\nsessions:\n  docs:\n    <<: *d\n    command: make\n',
    ],
  ])('may be %s', async (_, text) => {
    await expect(parse(text)).resolves.toMatchObject({ path: '/project/engine.yaml' })
  })

  it('says that a flag is off, so that a session can undo a default', async () => {
    const { sessions } = await parse('sessions:\n  docs: { detach: false, wait: true }\n')
    expect(sessions.get('docs')?.options).toEqual({ detach: [], wait: [''] })
  })

  it.each([
    ['a limit of 0', 'max_sessions: 0', 'max_sessions: it takes a whole number above 0'],
    ['a limit with a fraction', 'max_sessions: 1.5', 'max_sessions: it takes a whole number above 0'],
    [
      'a wrong key of a group',
      'groups: { g: { max_session: 2 } }',
      'max_session: this key is not known; did you mean max_sessions?',
    ],
    ['a group without a limit', 'groups: { g: {} }', 'groups.g.max_sessions: it is missing'],
    [
      'a map for a list',
      'defaults: { exclusive: { a: b } }',
      'exclusive: it takes a text or a number, or a list of them',
    ],
    ['a map for a text', 'defaults: { until: { a: b } }', 'until: it takes a text or a number'],
  ])('is refused in words of its own with %s', async (_, text, words) => {
    expect((await failure(text)).message).toContain(words)
  })

  it.each([
    [
      'a wrong key',
      'sessions:\n  docs:\n    comand: make\n',
      3,
      'sessions.docs.comand',
      'did you mean command?',
    ],
    [
      'a wrong option',
      'defaults:\n  quite_after: 3m\n',
      2,
      'defaults.quite_after',
      'did you mean quiet_after?',
    ],
    ['dashes for underscores', 'defaults:\n  max-failures: 3\n', 2, 'defaults.max-failures', 'max_failures?'],
    ['a wrong key at the top', 'session:\n  docs: {}\n', 1, 'session', 'did you mean sessions?'],
    ['a value that is none', 'sessions:\n  docs:\n    delay: soon\n', 3, 'sessions.docs.delay', 'soon'],
    ['a text for a flag', 'sessions:\n  docs:\n    detach: maybe\n', 3, 'sessions.docs.detach', 'boolean'],
    ['a name that is none', 'sessions:\n  "a b":\n    command: make\n', 2, 'sessions.a b', 'letters'],
    ['a variable that is none', 'sessions:\n  docs:\n    env:\n      A-B: 1\n', 4, 'env.A-B', 'variable'],
    ['an empty command', 'sessions:\n  docs:\n    command: []\n', 3, 'sessions.docs.command', ''],
    ['a group that is not there', 'sessions:\n  docs:\n    group: agents\n', 3, 'group', 'no group agents'],
    ['a limit of 0', 'max_sessions: 0\n', 1, 'max_sessions', ''],
    ['a limit of half a session', 'groups:\n  a: { max_sessions: 1.5 }\n', 2, 'groups.a.max_sessions', ''],
    ['a list at the top', '- docs\n', 1, '', ''],
    ['a text at the top', 'docs\n', 1, '', ''],
  ])('with %s is refused with its place', async (_, text, line, key, message) => {
    const error = await failure(text)
    expect(error.exitCode).toBe(78)
    expect(error.message).toContain(`/project/engine.yaml:${line}`)
    expect(error.message).toContain(key)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('Invalid input')
  })

  it.each([
    ['tabs', 'sessions:\n\tdocs: {}\n'],
    ['a key twice', 'sessions:\n  docs: {}\n  docs: {}\n'],
    ['an open quote', 'sessions:\n  docs:\n    command: "make\n'],
    ['two documents', 'sessions: {}\n---\nsessions: {}\n'],
    [
      'aliases of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n`,
    ],
  ])('with %s is refused', async (_, text) => {
    expect((await failure(text)).exitCode).toBe(78)
  })
})

describe('engine.schema.json', () => {
  it('is the one of this program (npm run schema writes it)', () => {
    const file = fileURLToPath(new URL('../../engine.schema.json', import.meta.url))
    expect(readFileSync(file, 'utf8')).toBe(jsonSchema(z))
  })
})
