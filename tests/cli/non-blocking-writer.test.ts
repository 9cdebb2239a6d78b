import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NonBlockingWriter } from '../../src/cli/non-blocking-writer.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const open = (path: string, flags: number | string): number => {
  const fd = openSync(path, flags)
  onTestFinished(() => closeSync(fd))
  return fd
}

describe('a writer to a file', () => {
  it('appends to what others write there', () => {
    const path = join(tempDir(), 'err')
    const fd = open(path, 'a')
    const writer = new NonBlockingWriter(fd, process.platform)
    writer.write('one\n')
    writer.write('two\n')
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    writer.flush()
  })
})

describe.skipIf(process.platform !== 'linux')('a writer to a pipe', () => {
  const pipe = () => {
    const path = join(tempDir(), 'fifo')
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = open(path, constants.O_WRONLY)
    const read = (): string => {
      const bytes = Buffer.alloc(1024 ** 2)
      try {
        return bytes.toString('latin1', 0, readSync(reader, bytes))
      } catch {
        return ''
      }
    }
    return { path, reader, writer: new NonBlockingWriter(writer, 'linux'), read }
  }
  const FILLING = `${'x'.repeat(65_535)}\n`

  it('writes at once where there is room', () => {
    const { writer, reader, read } = pipe()
    writer.write('one\n')
    expect(read()).toBe('one\n')
    closeSync(reader)
  })

  it('does not wait for room, and loses nothing and no order of what waits', async () => {
    const { writer, reader, read } = pipe()
    writer.write(FILLING)
    writer.write('one\n')
    writer.write('two\n')
    let seen = ''
    await eventually('all of it', () => {
      seen += read()
      return seen === `${FILLING}one\ntwo\n`
    })
    closeSync(reader)
  })

  it('says how much it had no place for', async () => {
    const { writer, reader, read } = pipe()
    writer.write(FILLING)
    for (let line = 0; line < 20_000; line += 1) writer.write('12345\n')
    let seen = ''
    await eventually('the end of it', () => {
      seen += read()
      return seen.endsWith('no room)\n')
    })
    const kept = seen.slice(FILLING.length).split('12345\n').length - 1
    expect(kept).toBeGreaterThan(10_000)
    expect(seen).toContain(`(${20_000 - kept} lines more`)
    closeSync(reader)
  })

  it('flushes what waits when there is room by then, and gives up when there is not', () => {
    const { writer, reader, read } = pipe()
    writer.write(FILLING)
    writer.write('one\n')
    writer.flush()
    expect(read()).toBe(FILLING)
    writer.flush()
    expect(read()).toBe('one\n')
    closeSync(reader)
  })

  it('does not mind that nobody reads any more', () => {
    const { writer, reader } = pipe()
    closeSync(reader)
    writer.write('one\n')
    writer.write('two\n')
    writer.flush()
  })
})
