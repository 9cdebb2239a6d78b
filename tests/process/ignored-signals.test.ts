import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ignoredWhenDetached, takeIgnoredSignals } from '../../src/process/ignored-signals.ts'
import { commandAs, takeBackVariables, takeOpenFiles } from '../../src/process/inherited.ts'

describe('signals that the caller ignores', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['HUP', ['SIGHUP']],
    ['INT QUIT KILL', ['SIGINT', 'SIGQUIT']],
    ['PIPE USR1 x;y', ['SIGPIPE', 'SIGUSR1']],
  ])('are told in a variable, which is taken away: %j', (text, expected) => {
    const env = { LOCK_IGNORED_SIGNALS: text, OTHER: 'x' }
    expect(takeIgnoredSignals(env)).toEqual(expected)
    expect(env).toEqual({ OTHER: 'x' })
  })

  it('leave a command as it is when there are none', () => {
    expect(commandAs({ signals: [], openFiles: null }, ['make', 'all'], {})).toEqual(['make', 'all'])
  })

  it.skipIf(process.platform !== 'linux')('are ignored in the command, whatever its words are', () => {
    const [file = '', ...args] = commandAs(
      { signals: ['SIGHUP', 'SIGQUIT'], openFiles: null },
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
    const [file = '', ...args] = commandAs(
      { signals: ['SIGHUP'], openFiles: 77 },
      ['bash', '-c', 'hi; ulimit -Sn'],
      env,
    )
    expect(spawnSync(file, args, { encoding: 'utf8', env }).stdout).toBe('hi there\n77\n')
  })
})

describe('what else Node would take up for itself', () => {
  it("is the command's again: variables that engine.sh has set aside", () => {
    const env = { LOCK_CALLER_NODE_OPTIONS: '--x', NODE_OPTIONS: '--own', LOCK_NODE_OPTIONS: '--own', A: '1' }
    takeBackVariables(env)
    expect(env).toEqual({ NODE_OPTIONS: '--x', LOCK_NODE_OPTIONS: '--own', A: '1' })
    const own: Record<string, string> = { NODE_OPTIONS: '--own', LOCK_NODE_OPTIONS: '--own' }
    takeBackVariables(own)
    expect(own).toEqual({ LOCK_NODE_OPTIONS: '--own' })
  })

  it.each([
    [undefined, null],
    ['1024', 1024],
    ['unlimited', null],
  ])('is the soft limit of open files: %j', (text, soft) => {
    const env = { LOCK_SOFT_OPEN_FILES: text }
    expect(takeOpenFiles(env)).toBe(soft)
    expect(env).toEqual({})
  })

  it('does not keep a detached run from the keys of its own terminal', () => {
    expect(ignoredWhenDetached(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGPIPE'])).toBe('HUP PIPE')
  })
})
