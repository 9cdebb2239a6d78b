import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { programHelp, verbHelp } from '../../src/cli/help.ts'
import type { NamedVerb, Program } from '../../src/cli/verb.ts'
import { VERBS } from '../../src/verbs/index.ts'
import { ALL_VERBS } from '../fakes/verbs.ts'

const verbOf = (name: string): NamedVerb => {
  const verb = ALL_VERBS.find((one) => one.name === name)
  if (verb === undefined) throw new Error(`no verb ${name}`)
  return verb
}

const ofProgram = (program: Program): readonly NamedVerb[] =>
  ALL_VERBS.filter((verb) => verb.program === program)

describe('the help', () => {
  /** Section 6 of the contract. */
  it('of run has every option that is promised', async () => {
    const text = await verbHelp(verbOf('run'), 80)
    for (const option of [
      '-n, --iterations',
      '--delay',
      '--timeout',
      '--max-failures',
      '--force',
      '--resume',
      '--fresh',
      '-d, --detach',
      '--wait',
      '--stale-after',
      '--quiet-after',
      '--stuck-after',
      '--heartbeat-interval',
      '--grace',
      '--log-limit',
      '--keep',
    ])
      expect(text).toContain(option)
    expect(text).toContain('-- COMMAND')
  })

  it.each<[string, string[]]>([
    ['stop', ['--after-iteration']],
    ['status', ['--json', '[NAME]']],
    ['why', ['--json']],
    ['reap', ['--dry-run']],
    ['wait', ['--for', '--timeout']],
    ['attach', ['NAME']],
    ['doctor', []],
    ['logs', ['-f, --follow', '-n, --lines', '--iteration', '--generation', 'NAME']],
    ['history', ['--json', 'NAME']],
    ['interrupt', ['NAME']],
    ['progress', ['--for', '[NOTE]']],
    ['completion', []],
  ])('of %s has what is promised', async (name, words) => {
    const text = await verbHelp(verbOf(name), 80)
    for (const word of [name, ...words, 'Examples:']) expect(text).toContain(word)
  })

  it.each<[Program]>([['engine'], ['lock']])('of %s has every verb', async (program) => {
    const text = await programHelp(program, ofProgram(program), VERBS, 80)
    for (const { name } of ofProgram(program)) expect(text).toContain(`${name} `)
  })

  it('is in English, whatever the language of the person is', async () => {
    vi.stubEnv('LC_ALL', 'de_DE.UTF-8')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await verbHelp(verbOf('status'), 80)).toContain('Examples:')
  })

  it.each([60, 80, 200])('fits into %d columns', async (columns) => {
    for (const verb of ALL_VERBS) {
      const lines = (await verbHelp(verb, columns)).split('\n')
      const options = lines.filter((line) => /^\s+-/.test(line))
      for (const line of options) expect(line.length).toBeLessThanOrEqual(Math.min(columns, 100))
    }
  })
})
