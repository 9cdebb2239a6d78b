import { describe, expect, it } from 'vitest'
import { chooseShell } from '../../src/verbs/completion.ts'
import { failureOf } from '../fakes/failure.ts'

describe('the shell that a completion script is for', () => {
  it.each([
    ['zsh', '/bin/bash', 'zsh'],
    [undefined, '/usr/bin/fish', 'fish'],
    [undefined, '/bin/zsh', 'zsh'],
    [undefined, '/bin/dash', 'bash'],
    [undefined, undefined, 'bash'],
  ])('with the word %s and SHELL=%s is %s', (given, shell, chosen) => {
    expect(chooseShell(given, shell)).toBe(chosen)
  })

  it('is refused when there is no script for it', () => {
    expect(failureOf(() => chooseShell('csh', '/bin/bash'))).toMatchObject({ exitCode: 64 })
  })
})
