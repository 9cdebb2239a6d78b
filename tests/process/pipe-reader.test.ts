import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { watchReader } from '../../src/process/pipe-reader.ts'
import { type Child, start } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const readerOf = (pipe: string): Child => start('bash', ['-c', 'exec sleep 1000 <"$0"', pipe])

const end = async (child: Child): Promise<void> => {
  child.process.kill('SIGKILL')
  await child.ended
}

/** A pipe with a name, a process that reads from it, and our own descriptor to write there. */
const readPipe = async (): Promise<{ fd: number; pipe: string; reader: Child }> => {
  const pipe = join(tempDir(), 'pipe')
  spawnSync('mkfifo', [pipe])
  const reader = readerOf(pipe)
  const fd = await eventually('somebody reads', () => {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      return undefined // Nobody yet.
    }
  })
  onTestFinished(() => closeSync(fd))
  return { fd, pipe, reader }
}

describe.skipIf(process.platform !== 'linux')('the reader of a pipe', () => {
  it('is gone when its process is', async () => {
    const { fd, reader } = await readPipe()
    const isGone = watchReader(fd)
    expect(isGone()).toBe(false)
    expect(isGone()).toBe(false)
    await end(reader)
    expect(isGone()).toBe(true)
    expect(isGone()).toBe(true)
  })

  it('is not gone while there is another', async () => {
    const { fd, pipe, reader } = await readPipe()
    const isGone = watchReader(fd)
    const other = readerOf(pipe)
    await eventually(
      'the other one reads',
      () =>
        spawnSync('readlink', [`/proc/${other.pid}/fd/0`])
          .stdout.toString()
          .trim() === pipe,
    )
    await end(reader)
    expect(isGone()).toBe(false)
    await end(other)
    expect(isGone()).toBe(true)
  })

  it('is not one that only writes there too', async () => {
    const { fd, pipe, reader } = await readPipe()
    const isGone = watchReader(fd)
    const writer = start('bash', ['-c', 'exec sleep 1000 >"$0"', pipe])
    await eventually(
      'the other one writes',
      () =>
        spawnSync('readlink', [`/proc/${writer.pid}/fd/1`])
          .stdout.toString()
          .trim() === pipe,
    )
    await end(reader)
    expect(isGone()).toBe(true)
  })

  it('that was never seen is not called gone, nor that of what is no pipe', async () => {
    const { fd, reader } = await readPipe()
    await end(reader)
    expect(watchReader(fd)()).toBe(false)
    const file = openSync(join(tempDir(), 'file'), 'w')
    onTestFinished(() => closeSync(file))
    expect(watchReader(file)()).toBe(false)
    expect(watchReader(99_999)()).toBe(false)
  })
})
