import { describe, expect, it } from 'vitest'
import { checkSessionName, isSessionName } from '../../src/core/session-name.ts'
import { failureOf } from '../fakes/failure.ts'

describe('session names', () => {
  it.each([
    ['one letter', 'a'],
    ['one digit', '7'],
    ['a dash inside', 'api-2'],
    ['an underscore inside', 'a_b'],
    ['capitals', 'Nightly'],
    ['64 characters', 'x'.repeat(64)],
    ['a trailing dash', 'a-'],
  ])('takes a name with %s', (_, name) => {
    expect(checkSessionName(name)).toBe(name)
  })

  it.each([
    ['nothing in it', ''],
    ['65 characters', 'x'.repeat(65)],
    ['a way out of the directory', '../x'],
    ['a slash', 'a/b'],
    ['a space', 'a b'],
    ['a leading dash', '-n'],
    ['a dot', 'a.b'],
    ['a leading dot', '.a'],
    ['a colon', 'a:b'],
    ['a leading underscore', '_a'],
    ['a newline at the end', 'a\n'],
    ['a NUL', 'a\0'],
    ['a letter outside ASCII', 'ä'],
    ['a fullwidth digit', '７'],
    ['an equals sign', '=a'],
  ])('refuses a name with %s', (_, name) => {
    expect(isSessionName(name)).toBe(false)
    const failure = failureOf(() => checkSessionName(name))
    expect(failure.exitCode).toBe(64)
    expect(failure.hint).toContain('1 to 64 letters, digits')
  })

  it('shows a bad name without its control characters, and not all of a long one', () => {
    const { message } = failureOf(() => checkSessionName(`\u001b[2J${'y'.repeat(10_000)}`))
    expect(message).not.toContain('\u001b')
    expect(message).toContain('x1b[2J')
    expect(message.length).toBeLessThan(200)
  })
})
