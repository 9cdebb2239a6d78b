import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandIgnoring, takeIgnoredSignals } from '../../src/process/ignored-signals.ts'

describe('signals that the caller ignores', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['HUP', ['SIGHUP']],
    ['INT QUIT KILL', ['SIGINT', 'SIGQUIT']],
  ])('are told in a variable, which is taken away: %j', (text, expected) => {
    const env = { LOCK_IGNORED_SIGNALS: text, OTHER: 'x' }
    expect(takeIgnoredSignals(env)).toEqual(expected)
    expect(env).toEqual({ OTHER: 'x' })
  })

  it('leave a command as it is when there are none', () => {
    expect(commandIgnoring([], ['make', 'all'], {})).toEqual(['make', 'all'])
  })

  it.skipIf(process.platform !== 'linux')('are ignored in the command, whatever its words are', () => {
    const [file = '', ...args] = commandIgnoring(
      ['SIGHUP', 'SIGQUIT'],
      ['cat', '/proc/self/status', '--'],
      {},
    )
    const { stdout } = spawnSync(file, args, { encoding: 'utf8' })
    const mask = (text: string): number => Number.parseInt(/^SigIgn:\t(\w+)$/m.exec(text)?.[1] ?? '', 16)
    expect(mask(stdout) & 7).toBe(5)
    expect(mask(readFileSync('/proc/self/status', 'utf8')) & 5).toBe(0)
  })

  it('keep an environment whose names are none to a shell', () => {
    const env = { PATH: process.env.PATH, 'BASH_FUNC_hi%%': '() { echo "hi there"; }', GONE: undefined }
    const [file = '', ...args] = commandIgnoring(['SIGHUP'], ['bash', '-c', 'hi'], env)
    expect(spawnSync(file, args, { encoding: 'utf8', env }).stdout).toBe('hi there\n')
  })
})
