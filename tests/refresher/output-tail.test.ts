import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OutputTail } from '../../src/refresher/output-tail.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const MAX_READ_BYTES = 64 * 1024

const aRun = () => {
  const dir = tempDir()
  return {
    dir,
    tail: new OutputTail(dir, 3),
    print: (text: string, offset = 0, iteration = 3) =>
      appendFileSync(join(dir, `${iteration}.${offset}.log`), text),
    drop: (offset: number) => rmSync(join(dir, `3.${offset}.log`)),
  }
}

describe('the tail of what an iteration prints', () => {
  it('is nothing before there is any', () => {
    const { tail, dir } = aRun()
    expect(tail.read()).toEqual({ bytes: 0, text: '', total: 0 })
    rmSync(dir, { recursive: true })
    expect(tail.read()).toEqual({ bytes: 0, text: '', total: 0 })
    mkdirSync(dir)
  })

  it('is what came since the last reading', () => {
    const { tail, print } = aRun()
    print('one\n')
    expect(tail.read()).toEqual({ bytes: 4, text: 'one\n', total: 4 })
    print('two\n')
    print('three\n')
    expect(tail.read()).toEqual({ bytes: 10, text: 'two\nthree\n', total: 14 })
    expect(tail.read()).toEqual({ bytes: 0, text: '', total: 14 })
  })

  it('is of its own iteration, also beside one whose number begins like it', () => {
    const { tail, print } = aRun()
    print('other', 0, 31)
    print('other', 0, 2)
    print('other', 5000, 31)
    expect(tail.read()).toEqual({ bytes: 0, text: '', total: 0 })
    print('mine')
    expect(tail.read().text).toBe('mine')
  })

  it('goes on from segment to segment, by offset and not by name', () => {
    const { dir, tail, print } = aRun()
    print('a'.repeat(9))
    expect(tail.read().total).toBe(9)
    print('b', 9)
    expect(tail.read()).toEqual({ bytes: 1, text: 'b', total: 10 })
    print('c', 10)
    expect(tail.read()).toEqual({ bytes: 1, text: 'c', total: 11 })
    const fresh = new OutputTail(dir, 3)
    expect(fresh.read()).toEqual({ bytes: 11, text: 'c', total: 11 })
  })

  it('counts what it has not read, and what has been dropped meanwhile', () => {
    const { tail, print, drop } = aRun()
    print('a'.repeat(100))
    tail.read()
    print('b'.repeat(50), 100)
    tail.read()
    drop(100)
    print('c'.repeat(50), 5000)
    print('dd', 5050)
    expect(tail.read()).toEqual({ bytes: 5052 - 150, text: 'dd', total: 5052 })
  })

  it('has text when the newest segment is empty yet', () => {
    const { tail, print } = aRun()
    print('text of the first')
    print('', 17)
    expect(tail.read()).toEqual({ bytes: 17, text: 'text of the first', total: 17 })
  })

  it('reads no more than the end of much', () => {
    const { tail, print } = aRun()
    print(`${'x'.repeat(1_000_000)}the end`)
    const { bytes, text, total } = tail.read()
    expect([bytes, total]).toEqual([1_000_007, 1_000_007])
    expect(text.length).toBe(MAX_READ_BYTES)
    expect(text.endsWith('the end')).toBe(true)
  })

  it('has characters whole that came in two parts', () => {
    const { tail, dir, print } = aRun()
    const bytes = Buffer.from('⠋ naïve')
    let text = ''
    for (const byte of bytes) {
      appendFileSync(join(dir, '3.0.log'), Buffer.of(byte))
      text += tail.read().text
    }
    print('.')
    expect(text + tail.read().text).toBe('⠋ naïve.')
  })

  it('is not what a link, a directory or a FIFO holds that somebody has put there', () => {
    const { tail, dir } = aRun()
    writeFileSync(join(dir, 'secret'), 'secret')
    symlinkSync(join(dir, 'secret'), join(dir, '3.0.log'))
    expect(tail.read().text).toBe('')
    mkdirSync(join(dir, '3.1.log'))
    expect(tail.read().text).toBe('')
  })
})
