import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { watchWrites } from '../../src/engine/write-watch.ts'
import { tempDir } from '../fakes/temp-dir.ts'

/** A file system of Linux that keeps the times of a FIFO; what /tmp is on may be another one, as in a container. */
const MEMORY = '/dev/shm'
const KEEPS_TIMES = process.platform === 'linux' && existsSync(MEMORY)

const memoryDir = (): string => {
  const dir = mkdtempSync(join(MEMORY, 'lock-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const openFifo = () => {
  const path = join(KEEPS_TIMES ? memoryDir() : tempDir(), 'fifo')
  spawnSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  onTestFinished(() => [reader, writer].forEach(closeSync))
  return { reader, writer, path }
}

const read = (fd: number): string => {
  const bytes = Buffer.alloc(64)
  try {
    return bytes.toString('utf8', 0, readSync(fd, bytes))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}

// Where the file system keeps no such time there is nothing to test.
describe('a FIFO', () => {
  it('is untouched until something is written to it, and again when it is marked', () => {
    const { reader, writer } = openFifo()
    const watch = watchWrites({ reader, writer })
    if (watch === null) return expect(KEEPS_TIMES).toBe(false)
    expect(watch.isUntouched()).toBe(true)
    writeSync(writer, 'a')
    expect(watch.isUntouched()).toBe(false)
    watch.mark()
    expect(watch.isUntouched()).toBe(true)
    writeSync(writer, 'b')
    expect([watch.isUntouched(), read(reader)]).toEqual([false, 'ab'])
  })

  it('is touched by another process that has it open', () => {
    const { reader, writer } = openFifo()
    const watch = watchWrites({ reader, writer })
    if (watch === null) return expect(KEEPS_TIMES).toBe(false)
    spawnSync('sh', ['-c', 'printf x >&2'], { stdio: ['ignore', 'ignore', writer] })
    expect(watch.isUntouched()).toBe(false)
  })

  it('has nothing in it after the try, and a reader does not touch it', () => {
    const { reader, writer } = openFifo()
    const watch = watchWrites({ reader, writer })
    expect(read(reader)).toBe('EAGAIN')
    expect(watch?.isUntouched() ?? true).toBe(true)
  })

  it('cannot be watched where that cannot be told', () => {
    expect(watchWrites({ reader: -1, writer: -1 })).toBeNull()
    const file = openSync('/dev/null', 'r+')
    onTestFinished(() => closeSync(file))
    expect(watchWrites({ reader: file, writer: file })).toBeNull()
  })
})
