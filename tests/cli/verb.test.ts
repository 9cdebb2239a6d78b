import { describe, expect, it } from 'vitest'
import type { Arguments } from '../../src/cli/parse.ts'
import { numberOption } from '../../src/cli/verb.ts'
import { failureOf } from '../fakes/failure.ts'
import { parsedArguments } from '../fakes/verbs.ts'

describe('a number in an option', () => {
  const logs = (...words: readonly string[]): Arguments => parsedArguments('lock', 'logs', 'demo', ...words)

  it.each([
    [['-n', '20'], 20],
    [['-n20'], 20],
    [['-fn', '20'], 20],
    [['--lines=0'], 0],
    [['-n', '007'], 7],
    [[], null],
  ])('is read: %j', (words, number) => {
    expect(numberOption(logs(...words), 'lines', 0)).toBe(number)
  })

  it.each(['-1', '1.5', 'x', '1e3', '0x10', '9999999999999999'])('is refused: %j', (text) => {
    const failure = failureOf(() => numberOption(logs(`--lines=${text}`), 'lines', 0))
    expect(failure.exitCode).toBe(64)
    expect(failure.message).toContain('--lines')
  })

  it('may have to be above 0', () => {
    expect(numberOption(logs('--iteration', '1'), 'iteration', 1)).toBe(1)
    expect(failureOf(() => numberOption(logs('--iteration', '0'), 'iteration', 1)).exitCode).toBe(64)
  })
})
