import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startProcess } from '../../src/process/start-process.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const run = async (command: readonly string[], detached = true) => {
  const cwd = tempDir()
  const file = join(cwd, 'output')
  const fd = openSync(file, 'w')
  const env = { PATH: process.env.PATH, ONLY: 'this' }
  const started = await startProcess(command, {
    cwd,
    env,
    stdio: ['inherit', fd, 'inherit'],
    detached,
    cgroup: null,
    memory: null,
  })
  const exit = started.kind === 'started' ? await started.exit : null
  return { cwd, started, exit, output: readFileSync(file, 'utf8') }
}

describe('a process', () => {
  it('has its directory, its environment and its descriptors, and tells how it ended', async () => {
    const { cwd, exit, output } = await run(['sh', '-c', 'pwd; echo "$ONLY$HOME"; exit 7'])
    expect(exit).toEqual({ exitCode: 7, signal: null })
    expect(output).toBe(`${cwd}\nthis\n`)
  })

  it('gets no other descriptor of this process', async () => {
    const secret = join(tempDir(), 'secret')
    writeFileSync(secret, '')
    openSync(secret, 'r')
    const { output } = await run([
      'sh',
      '-c',
      'ls -l /proc/self/fd/ 2>/dev/null; lsof -p $$ 2>/dev/null; true',
    ])
    expect(output).not.toContain(secret)
  })

  it('is ended by a signal as one that has no exit code', async () => {
    const { exit } = await run(['sh', '-c', 'kill -KILL $$'])
    expect(exit).toEqual({ exitCode: null, signal: 'SIGKILL' })
  })

  it.each([true, false])('leads a group of its own: %s', async (detached) => {
    const { started, output } = await run(['sh', '-c', 'ps -o pgid= -p $$ 2>/dev/null || true'], detached)
    const pid = started.kind === 'started' ? started.pid : null
    if (output !== '') expect(Number(output) === pid).toBe(detached)
  })

  it('that cannot be started has the code of the system', async () => {
    expect((await run(['no-such-program-here'])).started).toMatchObject({ kind: 'failed', code: 'ENOENT' })
    expect((await run(['/'])).started).toMatchObject({ kind: 'failed', code: 'EACCES' })
  })
})
