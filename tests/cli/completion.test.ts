/** The script, in a real bash. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { completionScript } from '../../src/cli/completion.ts'
import { tempDir } from '../fakes/temp-dir.ts'
import { ALL_VERBS } from '../fakes/verbs.ts'

const withSessions = (...names: readonly string[]): string => {
  const dir = tempDir()
  for (const name of names) writeFileSync(join(dir, `${name}.json`), '')
  return dir
}

/** What bash is offered at the end of these words; the last one is the one that is being typed. */
const offered = (words: readonly string[], lockDir = withSessions('api', 'docs')): readonly string[] => {
  const script = `${completionScript(ALL_VERBS)}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
# As in bash 3.2; and outside of a completion it would complain.
enable -n compopt 2>/dev/null
_tmux_session_lock
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-uc', script, 'bash', ...words], {
    encoding: 'utf8',
    cwd: tempDir(),
    env: { PATH: process.env.PATH, HOME: '/nowhere', LOCK_DIR: lockDir },
  })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter((word) => word !== '')
}

describe('completion', () => {
  it('offers the verbs of each program', () => {
    for (const program of ['engine', 'lock'] as const) {
      const verbs = ALL_VERBS.filter((verb) => verb.program === program).map(({ name }) => name)
      expect(offered([`${program}.sh`, ''])).toEqual([...verbs, '--help', '--version'])
      expect(offered([`./scripts/${program}.sh`, ''])).toEqual([...verbs, '--help', '--version'])
    }
    expect(offered(['lock', 'st'])).toEqual(['status'])
  })

  it.each(ALL_VERBS.map((verb) => [verb.program, verb.name, verb] as const))(
    'offers every option of %s %s',
    (program, name, verb) => {
      const words = offered([program, name, '--'])
      for (const option of Object.keys(verb.options)) expect(words).toContain(`--${option}`)
      expect(words).toContain('--help')
    },
  )

  it.each([
    [
      ['lock', 'status', ''],
      ['api', 'docs'],
    ],
    [['lock', 'status', 'd'], ['docs']],
    [
      ['lock', 'logs', '-f', ''],
      ['api', 'docs'],
    ],
    [
      ['lock', 'logs', '-n', '5', ''],
      ['api', 'docs'],
    ],
    [
      ['lock', 'logs', '--iteration', '=', '5', ''],
      ['api', 'docs'],
    ],
    [['lock', 'logs', '-n', ''], []],
    [
      ['lock', 'status', 'api', ''],
      ['--json', '--help'],
    ],
    [
      ['lock', 'wait', 'api', '--for', ''],
      ['free', 'hung', 'dead'],
    ],
    [['lock', 'wait', 'api', '--for', '=', 'h'], ['hung']],
    [
      ['lock', 'wait', 'api', '--for', '='],
      ['free', 'hung', 'dead'],
    ],
    [['engine', 'run', '--wait', 'a'], ['api']],
    [['engine', 'run', 'api', '-n', ''], ['inf']],
    [['engine', 'run', 'api', '--quiet-after', ''], ['off']],
    [['engine', 'run', 'api', '--iter'], ['--iterations']],
    [['engine', 'run', 'api', '--', 'printf'], ['printf']],
    [['lock', 'moon', ''], []],
    [
      ['lock', 'progress', 'x', ''],
      ['--for', '--help'],
    ],
  ])('behind %j offers %j', (words, expected) => {
    expect([...new Set(offered(words))]).toEqual(expected)
  })

  it('offers the files of a command', () => {
    const words = offered(['engine', 'run', 'api', '--', 'cat', '/etc/host'])
    expect(words.every((word) => word.startsWith('/etc/host'))).toBe(true)
  })

  it('runs nothing that a file in the lock directory is named', () => {
    const dir = withSessions('api', '$(touch pwned)', '-n', 'a b', '`touch pwned`', 'a.b')
    mkdirSync(join(dir, 'docs'))
    expect(offered(['lock', 'status', ''], dir)).toEqual(['api'])
    expect(existsSync(join(dir, 'pwned'))).toBe(false)
  })

  it('offers no session where there is none, and where there is no lock directory', () => {
    expect(offered(['lock', 'status', ''], withSessions())).toEqual([])
    expect(offered(['lock', 'status', ''], '/nowhere')).toEqual([])
    expect(offered(['lock', 'status', ''], '')).toEqual([])
  })

  it('completes the four names', () => {
    const { stdout } = spawnSync('bash', ['--norc', '-c', `${completionScript(ALL_VERBS)}\ncomplete -p`], {
      encoding: 'utf8',
    })
    for (const name of ['engine.sh', 'lock.sh', 'engine', 'lock'])
      expect(stdout).toContain(`complete -F _tmux_session_lock ${name}\n`)
  })

  const shellcheck = spawnSync('shellcheck', ['--version']).status === 0
  it.skipIf(!shellcheck)('has nothing that shellcheck would fix', () => {
    const { stdout, status } = spawnSync('shellcheck', ['-'], {
      input: completionScript(ALL_VERBS),
      encoding: 'utf8',
    })
    expect([stdout, status]).toEqual(['', 0])
  })
})
