import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/process/clock.ts'
import { type Hook, type HookEnd, runHook } from '../../src/process/hook.ts'
import { systemInspector } from '../../src/process/inspector.ts'
import { probe, sendSignal } from '../../src/process/signals.ts'
import { isOver } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const inspector = await systemInspector(process.platform, undefined)
const PORTS = {
  inspector,
  signal: sendSignal,
  probe,
  clock: systemClock,
  spawn: (command: string, args: readonly string[], options: Parameters<typeof spawn>[2]) =>
    spawn(command, [...args], options),
}

const hook = (command: string, changes: Partial<Hook> = {}): Promise<HookEnd> =>
  runHook(PORTS, {
    command,
    cwd: tempDir(),
    env: process.env,
    input: '',
    output: ['ignore', 'ignore'],
    limitSeconds: 30,
    graceSeconds: 5,
    giveUp: new AbortController().signal,
    killNow: new AbortController().signal,
    ...changes,
  })

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8'))

describe('a hook', () => {
  it.each<[string, string, HookEnd]>([
    ['that succeeds', 'true', { kind: 'exited', exitCode: 0 }],
    ['that fails', 'exit 3', { kind: 'exited', exitCode: 3 }],
    ['that is not there', 'no-such-command', { kind: 'exited', exitCode: 127 }],
    ['that is killed', 'kill -KILL $$', { kind: 'killed', signal: 'SIGKILL' }],
    ['that reads nothing of what it is given', 'exec <&-; exit 4', { kind: 'exited', exitCode: 4 }],
  ])('%s', async (_, command, end) => {
    expect(await hook(command, { input: 'x'.repeat(1_000_000) })).toEqual(end)
  })

  it('gets its input, environment and directory', async () => {
    const cwd = tempDir()
    await hook('cat >got; printf %s "$COLOUR" >>got', {
      cwd,
      input: 'line\n',
      env: { ...process.env, COLOUR: 'blue' },
    })
    expect(readFileSync(join(cwd, 'got'), 'utf8')).toBe('line\nblue')
  })

  it('whose directory is gone is not started', async () => {
    expect(await hook('true', { cwd: '/nonexistent/dir' })).toMatchObject({ kind: 'not-started' })
  })

  it('that never returns is ended with all that it started, also what ignores TERM or leads a session', async () => {
    const cwd = tempDir()
    writeFileSync(join(cwd, 'stubborn.sh'), 'trap "" TERM; echo $$ >"$1"; while :; do sleep 0.1; done\n')
    const command =
      'sh stubborn.sh a & setsid sh stubborn.sh b & while ! [ -s a -a -s b ]; do sleep 0.01; done; echo >up; wait'
    const giveUp = new AbortController()
    const ended = hook(command, { cwd, giveUp: giveUp.signal, graceSeconds: 0.1 })
    await eventually('both are there', () => existsSync(join(cwd, 'up')))
    giveUp.abort()
    expect(await ended).toEqual({ kind: 'given-up' })
    expect(['a', 'b'].map((file) => isOver(pidIn(join(cwd, file))))).toEqual([true, true])
  })

  it('has a time limit', async () => {
    expect(await hook('sleep 60', { limitSeconds: 0.05 })).toEqual({ kind: 'late' })
  })

  it('may leave something in the background when it ends by itself', async () => {
    const cwd = tempDir()
    expect(await hook('sleep 60 & echo $! >left', { cwd })).toEqual({ kind: 'exited', exitCode: 0 })
    const pid = pidIn(join(cwd, 'left'))
    expect(probe(pid)).toBe('ours')
    process.kill(pid)
  })
})
