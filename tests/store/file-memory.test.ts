import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FileMemory } from '../../src/store/file-memory.ts'
import { tempDir } from '../fakes/temp-dir.ts'

/** Longer than a file's times may stand still. */
const LATER = 5000

describe('what is remembered of a file', () => {
  let path: string
  let memory: FileMemory
  let reads: number

  const read = (): string => {
    reads += 1
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return 'nothing'
    }
  }

  /** In a round of its own. */
  const look = (key?: number): string => {
    memory.begin()
    return memory.take(path, read, key)
  }

  beforeEach(() => {
    path = join(tempDir(), 'file')
    memory = new FileMemory()
    reads = 0
    writeFileSync(path, 'first')
    const now = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => now() + LATER)
  })

  afterEach(() => void vi.restoreAllMocks())

  it('is read once as long as it is as it was', () => {
    expect([look(), look(), look()]).toEqual(['first', 'first', 'first'])
    expect(reads).toBe(1)
  })

  it('is read again when another file of the same length was moved there', () => {
    look()
    writeFileSync(`${path}.new`, 'other')
    renameSync(`${path}.new`, path)
    expect(look()).toBe('other')
  })

  it('is read again when it was written to, when its mode has changed, and when it has gone', () => {
    look()
    writeFileSync(path, 'longer than before')
    expect(look()).toBe('longer than before')
    chmodSync(path, 0o640)
    look()
    expect(reads).toBe(3)
    rmSync(path)
    expect(look()).toBe('nothing')
  })

  it('is not looked for in vain twice, and is found when it comes', () => {
    rmSync(path)
    expect([look(), look()]).toEqual(['nothing', 'nothing'])
    expect(reads).toBe(1)
    writeFileSync(path, 'here')
    expect(look()).toBe('here')
  })

  it('is read each time while it is so new that a change might not be seen', () => {
    const { ctimeMs } = statSync(path)
    vi.mocked(Date.now).mockReturnValue(ctimeMs + 500)
    look()
    look()
    expect(reads).toBe(2)
  })

  it('is not taken for a value that was made for another key', () => {
    look(1)
    look(2)
    expect(reads).toBe(2)
    look(2)
    expect(reads).toBe(2)
  })

  it('is forgotten when nobody asks for it any more', () => {
    look()
    memory.begin()
    memory.begin()
    look()
    expect(reads).toBe(2)
  })
})
