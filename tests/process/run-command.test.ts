import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../src/process/run-command.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const { env } = process
const options = { env, seconds: 20 }

describe('a command that is run to its end', () => {
  it('gives what it has printed, without the last newline', async () => {
    expect(await runCommand('sh', ['-c', 'echo out; echo; echo err >&2'], options)).toEqual({
      ok: true,
      stdout: 'out\n',
      stderr: 'err',
      missing: false,
    })
  })

  it('fails with what it has printed', async () => {
    const outcome = await runCommand('sh', ['-c', 'echo no such session >&2; exit 1'], options)
    expect(outcome).toMatchObject({ ok: false, stderr: 'no such session', missing: false })
  })

  it('is missing when there is no such program', async () => {
    expect(await runCommand('no-such-program-here', [], options)).toMatchObject({ ok: false, missing: true })
  })

  it('has an empty standard input, its own directory and its own environment', async () => {
    const cwd = tempDir()
    const outcome = await runCommand('sh', ['-c', 'cat; pwd; echo "$ONLY$HOME"'], {
      env: { PATH: env.PATH, ONLY: 'this' },
      cwd,
      seconds: 20,
    })
    expect(outcome.stdout).toBe(`${cwd}\nthis`)
  })

  it('takes more than a pipe or a default limit holds', async () => {
    const outcome = await runCommand('sh', ['-c', 'head -c 3000000 /dev/zero | tr "\\0" x'], options)
    expect(outcome.stdout.length).toBe(3_000_000)
  })

  it('is given up in time, also when somebody else keeps its output open', async () => {
    const dir = tempDir()
    const started = join(dir, 'started')
    // The other one stays for as long as this test does.
    const script = `while [ -d ${dir} ]; do sleep 0.1; done & : >${started}; exec sleep 60`
    // A slow machine may not have started it in so short a time.
    for (let seconds = 0.25; !existsSync(started); seconds *= 2) {
      const outcome = await runCommand('sh', ['-c', script], { env, seconds })
      expect(outcome).toMatchObject({ ok: false, stderr: 'it does not answer', missing: false })
    }
  })
})
