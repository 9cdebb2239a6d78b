/** What is offered for a command line that is being typed. The scripts of the shells are tried in bats/completion.bats. */
import { describe, expect, it } from 'vitest'
import { type Candidate, type Completion, complete } from '../../src/cli/completion.ts'
import type { Program } from '../../src/cli/verb.ts'
import { VERBS } from '../../src/verbs/index.ts'
import { ALL_VERBS } from '../fakes/verbs.ts'

const SESSIONS: readonly Candidate[] = [
  { word: 'api', describe: 'active' },
  { word: 'docs', describe: 'dead' },
]

/** The last word is the one that is being typed. */
const completionOf = ([program, ...words]: readonly string[]): Promise<Completion> =>
  complete(
    VERBS,
    { program: program as Program, words: words.slice(0, -1), current: words.at(-1) ?? '' },
    () => SESSIONS,
  )

const candidates = async (words: readonly string[]): Promise<readonly Candidate[]> => {
  const completion = await completionOf(words)
  return completion.kind === 'words' ? completion.candidates : []
}

const offered = async (words: readonly string[]): Promise<readonly string[]> =>
  (await candidates(words)).map(({ word }) => word)

describe('completion', () => {
  it('offers the verbs of each program, with what they do', async () => {
    for (const program of ['engine', 'lock'] as const) {
      const verbs = ALL_VERBS.filter((verb) => verb.program === program)
      const shown = verbs.map(({ name, describe }) => ({ word: name, describe }))
      const more = ['--help', '--version'].map((word) => ({ word, describe: '' }))
      expect(await candidates([program, ''])).toEqual([...shown, ...more])
      expect(await candidates([program, 'help', ''])).toEqual(shown)
    }
    expect(await offered(['lock', 'st'])).toEqual(['status'])
  })

  it('offers no verb that is hidden, and nothing behind it', async () => {
    expect(await offered(['lock', '_'])).toEqual([])
    expect(await offered(['lock', '__complete', ''])).toEqual([])
    expect(await offered(['lock', 'constructor', ''])).toEqual([])
  })

  it.each(ALL_VERBS.map((verb) => [verb.program, verb.name, verb] as const))(
    'offers every option of %s %s',
    async (program, name, verb) => {
      const words = await candidates([program, name, '--'])
      for (const [option, { describe }] of Object.entries(verb.options))
        expect(words).toContainEqual({ word: `--${option}`, describe })
      expect(words.map(({ word }) => word)).toContain('--help')
    },
  )

  it('has the state of a session beside its name', async () => {
    expect(await candidates(['lock', 'why', 'd'])).toEqual([{ word: 'docs', describe: 'dead' }])
  })

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
      ['--json', '--format', '--watch', '--all', '--help'],
    ],
    [['lock', 'wait', 'api', '--for=h'], ['--for=hung']],
    [['lock', 'completion', 'z'], ['zsh']],
    [['lock', 'completion', 'zsh', ''], ['--help']],
    [
      ['lock', 'wait', 'api', '--for', ''],
      ['free', 'hung', 'dead', 'needs-input'],
    ],
    [['lock', 'wait', 'api', '--for', '=', 'h'], ['hung']],
    [
      ['lock', 'wait', 'api', '--for', '='],
      ['free', 'hung', 'dead', 'needs-input'],
    ],
    [['engine', 'run', '--wait', 'a'], ['api']],
    [['engine', 'run', 'api', '-n', ''], ['inf']],
    [['engine', 'run', 'api', '--quiet-after', ''], ['off']],
    [['engine', 'run', 'api', '--iter'], ['--iterations']],
    [['lock', 'moon', ''], []],
    [
      ['lock', 'progress', 'x', ''],
      ['--for', '--retry-at', '--help'],
    ],
  ])('behind %j offers %j', async (words, expected) => {
    expect(await offered(words)).toEqual(expected)
  })

  it.each([
    [['engine', 'run', 'api', '--', ''], 3],
    [['engine', 'run', 'api', '-n', '3', '--', 'make', '--'], 5],
    [['engine', 'run', 'api', '--', 'x', '--', ''], 3],
  ])('leaves to the shell what is behind the -- of %j', async (words, after) => {
    expect(await completionOf(words)).toEqual({ kind: 'command', after })
  })

  it('takes no -- for a command where none belongs', async () => {
    expect(await completionOf(['lock', 'status', '--', ''])).not.toMatchObject({ kind: 'command' })
  })
})
