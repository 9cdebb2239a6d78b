import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
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

/** It sleeps already: a shell opens the pipe under another number first, and it is let in before it has any. */
const hasPipeAt = (child: Child, fd: number, pipe: string): Promise<boolean> =>
  eventually(`process ${child.pid} has the pipe as ${fd}`, () => {
    try {
      const place = `/proc/${child.pid}`
      return readlinkSync(`${place}/fd/${fd}`) === pipe && readlinkSync(`${place}/exe`).includes('sleep')
    } catch {
      return false // Not opened yet.
    }
  })

const makePipe = (): string => {
  const pipe = join(tempDir(), 'pipe')
  spawnSync('mkfifo', [pipe])
  return pipe
}

/** A pipe with a name, a process that reads from it, and our own descriptor to write there. */
const readPipe = async (): Promise<{ fd: number; pipe: string; reader: Child }> => {
  const pipe = makePipe()
  const reader = readerOf(pipe)
  const fd = await eventually('somebody reads', () => {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      return undefined // Nobody yet.
    }
  })
  onTestFinished(() => closeSync(fd))
  await hasPipeAt(reader, 0, pipe)
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
    await hasPipeAt(other, 0, pipe)
    await end(reader)
    expect(isGone()).toBe(false)
    await end(other)
    expect(isGone()).toBe(true)
  })

  it('is not one that only writes there too', async () => {
    const { fd, pipe, reader } = await readPipe()
    const isGone = watchReader(fd)
    const writer = start('bash', ['-c', 'exec sleep 1000 >"$0"', pipe])
    await hasPipeAt(writer, 1, pipe)
    await end(reader)
    expect(isGone()).toBe(true)
  })

  it('is found also when it comes after the first check, and gone then when its process is', async () => {
    const pipe = makePipe()
    const ours = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = openSync(pipe, constants.O_WRONLY)
    onTestFinished(() => closeSync(fd))
    closeSync(ours)
    const isGone = watchReader(fd)
    expect(isGone()).toBe(false)
    const reader = readerOf(pipe)
    await hasPipeAt(reader, 0, pipe)
    expect(isGone()).toBe(false)
    await end(reader)
    expect(isGone()).toBe(true)
  })

  it('is not gone while it moves the pipe from one descriptor to another', async () => {
    const { fd, pipe, reader } = await readPipe()
    const mover = start('bash', [
      '-c',
      // Now and then it rests, as everybody does who has work to do.
      'exec 3<> <(:) 4<"$0"; while :; do for _ in {1..40}; do exec 5<&4 4<&-; exec 4<&5 5<&-; done; read -rt 0.001 <&3; done',
      pipe,
    ])
    const isGone = watchReader(fd)
    await eventually('the other one has it', () =>
      ['4', '5'].some((number) => {
        try {
          return readlinkSync(`/proc/${mover.pid}/fd/${number}`) === pipe
        } catch {
          return false // At another number now.
        }
      }),
    )
    await end(reader)
    for (let check = 0; check < 10_000; check += 1) expect(isGone()).toBe(false)
    await end(mover)
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
