import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../src/process/run-command.ts'
import { killAfterwards } from '../fakes/children.ts'
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
    const pidFile = join(tempDir(), 'pid')
    const outcome = await runCommand('sh', ['-c', `sleep 30 & echo $! >${pidFile}; exec sleep 30`], {
      env,
      seconds: 0.5,
    })
    killAfterwards(Number(readFileSync(pidFile, 'utf8')))
    expect(outcome).toMatchObject({ ok: false, stderr: 'it does not answer', missing: false })
  }, 10_000)
})
