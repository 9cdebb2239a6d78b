import { describe, expect, it } from 'vitest'
import { helpText } from '../../src/cli/help.ts'
import { type Program, VERBS, type VerbSpec, verbsOf } from '../../src/cli/spec.ts'

const specOf = (verb: string): VerbSpec => {
  const spec = [...verbsOf('engine'), ...verbsOf('lock')].find((one) => one.verb === verb)
  if (spec === undefined) throw new Error(`no verb ${verb}`)
  return spec
}

describe('the help', () => {
  /** Section 6 of the contract. */
  it('of run has every option that is promised', async () => {
    const text = await helpText('engine', specOf('run'), 80)
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
  ])('of %s has what is promised', async (verb, words) => {
    const spec = specOf(verb)
    const text = await helpText(spec.program, spec, 80)
    for (const word of [verb, ...words]) expect(text).toContain(word)
  })

  it.each<[Program]>([['engine'], ['lock']])('of %s has every verb', async (program) => {
    const text = await helpText(program, null, 80)
    for (const spec of VERBS) if (spec.program === program) expect(text).toContain(`${spec.verb} `)
  })

  it.each([60, 80, 200])('fits into %d columns', async (columns) => {
    for (const spec of VERBS) {
      const lines = (await helpText(spec.program, spec, columns)).split('\n')
      const options = lines.filter((line) => /^\s+-/.test(line))
      for (const line of options) expect(line.length).toBeLessThanOrEqual(Math.min(columns, 100))
    }
  })
})
