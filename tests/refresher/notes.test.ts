import { appendFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeNote, type ProgressNote } from '../../src/core/note.ts'
import { NotesTail } from '../../src/refresher/notes.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const NOTHING = { count: 0, allowedUntil: null }

const aFile = () => {
  const path = join(tempDir(), 'notes.jsonl')
  const line = (changes: Partial<ProgressNote> = {}): string =>
    encodeNote({ epoch: 1000, iteration: 3, note: 'fine', for: null, ...changes })
  return {
    path,
    line,
    tail: new NotesTail(path, 3),
    note: (changes: Partial<ProgressNote> = {}) => appendFileSync(path, line(changes)),
  }
}

describe('the notes of a worker', () => {
  it('are none before there is a file', () => {
    expect(aFile().tail.read()).toEqual(NOTHING)
  })

  it('are counted once', () => {
    const { tail, note } = aFile()
    note()
    note({ note: '' })
    expect(tail.read()).toEqual({ count: 2, allowedUntil: null })
    expect(tail.read()).toEqual(NOTHING)
    note()
    expect(tail.read().count).toBe(1)
  })

  it('count that were written before anybody watched: an iteration may begin with one', () => {
    const { path, note } = aFile()
    note({ for: 3600 })
    expect(new NotesTail(path, 3).read()).toEqual({ count: 1, allowedUntil: 4600 })
  })

  it('are those of this iteration: a process of an earlier one says nothing about it', () => {
    const { tail, note } = aFile()
    note({ iteration: 2, for: 3600 })
    note({ iteration: 30 })
    expect(tail.read()).toEqual(NOTHING)
    note()
    note({ iteration: 2, for: 3600 })
    expect(tail.read()).toEqual({ count: 1, allowedUntil: null })
  })

  it('promise until a time, and a later one without a promise ends that', () => {
    const { tail, note } = aFile()
    note()
    note({ epoch: 1010, for: 60 })
    expect(tail.read()).toEqual({ count: 2, allowedUntil: 1070 })
    note({ for: 60 })
    note()
    expect(tail.read()).toEqual({ count: 2, allowedUntil: null })
  })

  it('count when they are whole, wherever a write was seen half', () => {
    const { path, tail, line } = aFile()
    const text = line({ note: 'naïve ⠋', for: 60 })
    const bytes = Buffer.from(text)
    for (let cut = 1; cut < bytes.length; cut += 1) {
      writeFileSync(path, bytes.subarray(0, cut))
      expect(tail.read()).toEqual(NOTHING)
      appendFileSync(path, bytes.subarray(cut))
      expect([cut, tail.read()]).toEqual([cut, { count: 1, allowedUntil: 1060 }])
      truncateSync(path, 0)
      tail.read()
    }
  })

  it('are found again after somebody has emptied the file', () => {
    const { path, tail, note } = aFile()
    note({ note: 'a long one '.repeat(10) })
    tail.read()
    truncateSync(path, 0)
    note()
    expect(tail.read().count).toBe(1)
  })

  it.each([
    ['an empty line', '\n'],
    ['no JSON', 'progress!\n'],
    ['another JSON', '{"for":1e9}\n[]\nnull\n'],
  ])('are not %s', (_, text) => {
    const { path, tail } = aFile()
    writeFileSync(path, text)
    expect(tail.read()).toEqual(NOTHING)
  })

  it('are read to a bound, from the end', () => {
    const { path, tail, line } = aFile()
    const count = 10_000
    writeFileSync(path, line().repeat(count) + line({ for: 60 }))
    const found = tail.read()
    expect(found.allowedUntil).toBe(1060)
    expect(found.count).toBeGreaterThan(100)
    expect(found.count).toBeLessThan(count)
  })

  it('are not read through a link', () => {
    const { path, tail, line } = aFile()
    writeFileSync(`${path}.other`, line())
    symlinkSync(`${path}.other`, path)
    expect(tail.read()).toEqual(NOTHING)
  })
})
