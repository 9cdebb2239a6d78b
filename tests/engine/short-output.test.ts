import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { takeShortOutput } from '../../src/engine/short-output.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const open = (path: string, flags: number | string): number => openSync(path, flags)

const aFifo = () => {
  const path = join(mkdtempSync(join(tempDir(), 'f-')), 'fifo')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  const reader = open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = open(path, constants.O_WRONLY)
  const ends = new Set([reader, writer])
  const close = (fd: number): void => {
    if (ends.delete(fd)) closeSync(fd)
  }
  onTestFinished(() => [...ends].forEach(close))
  return { reader, writer, close }
}

const take = (streams: Parameters<typeof takeShortOutput>[0]) => {
  let kept = ''
  const taken = takeShortOutput(streams, (bytes) => {
    kept += Buffer.from(bytes).toString()
  })
  return { ...taken, kept, unshown: taken.unshown.map((bytes) => Buffer.from(bytes).toString()) }
}

describe('the output of a short iteration', () => {
  it('is kept, to its end, and more may come while somebody has it open', () => {
    const fifo = aFifo()
    writeSync(fifo.writer, 'one\ntwo\n')
    expect(take([{ reader: fifo.reader, show: null }])).toEqual({
      isAll: true,
      isClosed: false,
      kept: 'one\ntwo\n',
      unshown: [''],
      gone: [],
    })
    expect(take([{ reader: fifo.reader, show: null }])).toMatchObject({ isAll: true, kept: '' })
  })

  it('is at its end when nobody can write any more', () => {
    const [out, error] = [aFifo(), aFifo()]
    const streams = [out, error].map(({ reader }) => ({ reader, show: null }))
    out.close(out.writer)
    expect(take(streams).isClosed).toBe(false)
    error.close(error.writer)
    expect(take(streams).isClosed).toBe(true)
  })

  it('is not all that there is when it fills a pipe', () => {
    const fifo = aFifo()
    writeSync(fifo.writer, Buffer.alloc(64 * 1024, 'x'))
    const { isAll, kept } = take([{ reader: fifo.reader, show: null }])
    expect([isAll, kept.length]).toEqual([false, 64 * 1024])
  })
})

describe('where it is shown', () => {
  const printed = (text: string): number => {
    const fifo = aFifo()
    writeSync(fifo.writer, text)
    return fifo.reader
  }
  const file = () => {
    const path = join(tempDir(), 'shown')
    const fd = open(path, 'w')
    onTestFinished(() => closeSync(fd))
    return { path, fd }
  }

  it('may be a file', () => {
    const { path, fd } = file()
    expect(take([{ reader: printed('hello\n'), show: fd }])).toMatchObject({ isAll: true, unshown: [''] })
    expect(readFileSync(path, 'utf8')).toBe('hello\n')
  })

  it.skipIf(process.platform !== 'linux')('may be a pipe that has room for a part: the rest is told', () => {
    const target = aFifo()
    // A page is as little as a pipe takes or refuses.
    writeSync(target.writer, Buffer.alloc(15 * 4096))
    const text = 'y'.repeat(3 * 4096)
    const { isAll, kept, unshown } = take([{ reader: printed(text), show: target.writer }])
    expect([isAll, kept, unshown[0]?.length]).toEqual([false, text, 2 * 4096])
  })

  it.skipIf(process.platform !== 'linux')('may be a pipe that nobody reads any more', () => {
    const target = aFifo()
    target.close(target.reader)
    const { isAll, kept, gone } = take([{ reader: printed('z'), show: target.writer }])
    // Opening such a FIFO to write without waiting is refused at once, so a guard has to find out.
    expect([kept, isAll, gone]).toEqual(['z', false, []])
  })

  it.skipIf(process.platform !== 'linux')('may be full', () => {
    const full = open('/dev/full', 'w')
    onTestFinished(() => closeSync(full))
    const gone = [{ fd: full, reason: 'ENOSPC' }]
    expect(take([{ reader: printed('z'), show: full }])).toMatchObject({ kept: 'z', isAll: true, gone })
  })
})
