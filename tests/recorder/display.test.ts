import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openNonBlocking } from '../../src/process/non-blocking.ts'
import { Display } from '../../src/recorder/display.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const aFifo = () => {
  const path = join(tempDir(), 'fifo')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  const open = (flags: number): number => openSync(path, flags)
  const reader = open(constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = open(constants.O_WRONLY)
  return { reader, writer }
}

/** All that is in a pipe now. */
const drain = (fd: number): string => {
  const buffer = Buffer.alloc(1 << 20)
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer))
  } catch {
    return ''
  }
}

const direct = (fd: number): number | null => openNonBlocking(fd, process.platform)

const never = (reason: string): void => {
  throw new Error(reason)
}

describe('a display', () => {
  it('shows what comes, in order', async () => {
    const { reader, writer } = aFifo()
    onTestFinished(() => [reader, writer].forEach(closeSync))
    const display = new Display(writer, direct, never)
    for (const word of ['one ', 'two ', 'three']) display.show(Buffer.from(word))
    await new Promise<void>((resolve) => display.onIdle(resolve))
    expect(drain(reader)).toBe('one two three')
  })

  it('does not hold this thread up when nobody reads, and says that it is not idle', async () => {
    const { reader, writer } = aFifo()
    onTestFinished(() => [reader, writer].forEach(closeSync))
    const display = new Display(writer, direct, never)
    const bytes = Buffer.alloc(200_000, 'x')
    display.show(bytes)
    // Time passes for everybody else meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([display.isIdle, display.isBlocked]).toEqual([false, true])
    let shown = 0
    await eventually('all is shown', () => {
      shown += drain(reader).length
      return display.isIdle
    })
    shown += drain(reader).length
    expect(shown).toBe(bytes.length)
  })

  it('keeps nobody waiting once it is hidden, also when a write is stuck', async () => {
    const { reader, writer } = aFifo()
    const display = new Display(writer, direct, never)
    onTestFinished(async () => {
      // The stuck write ends with its reader. One that a thread has not begun yet would go to whoever gets the number.
      closeSync(reader)
      await eventually('it is over', () => !display.isBlocked)
      closeSync(writer)
    })
    display.show(Buffer.alloc(200_000, 'x'))
    let idle = false
    display.onIdle(() => {
      idle = true
    })
    expect(idle).toBe(false)
    display.hide()
    expect([idle, display.isIdle, display.isBlocked]).toEqual([true, true, true])
  })

  it('tells once why it cannot show any more', async () => {
    const { reader, writer } = aFifo()
    onTestFinished(() => closeSync(writer))
    const reasons: string[] = []
    const display = new Display(writer, direct, (reason) => reasons.push(reason))
    closeSync(reader)
    display.show(Buffer.from('x'))
    await eventually('it says so', () => reasons.length > 0)
    display.show(Buffer.from('y'))
    expect([reasons, display.isIdle]).toEqual([['EPIPE'], true])
  })

  it('writes to a file at once', () => {
    const path = join(tempDir(), 'file')
    const fd = openSync(path, 'w')
    onTestFinished(() => closeSync(fd))
    const display = new Display(fd, direct, never)
    display.show(Buffer.from('all of it'))
    expect([readFileSync(path, 'utf8'), display.isIdle]).toEqual(['all of it', true])
  })

  it('writes to a pipe at once what there is room for', () => {
    const { reader, writer } = aFifo()
    onTestFinished(() => [reader, writer].forEach(closeSync))
    const display = new Display(writer, direct, never)
    display.show(Buffer.from('all of it'))
    expect([drain(reader), display.isIdle]).toEqual(['all of it', true])
  })

  it('shows the null device nothing', () => {
    const fd = openSync('/dev/null', 'w')
    onTestFinished(() => closeSync(fd))
    const display = new Display(fd, direct, never)
    display.show(Buffer.from('for nobody'))
    expect(display.isIdle).toBe(true)
  })

  it('has nothing of the caller open when it has let go', () => {
    const { reader, writer } = aFifo()
    onTestFinished(() => closeSync(reader))
    const display = new Display(writer, direct, never)
    display.letGo()
    // The null device has taken the number of the closed one.
    closeSync(writer)
    expect(readSync(reader, Buffer.alloc(1))).toBe(0)
  })
})
