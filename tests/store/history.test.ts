import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeEntry } from '../../src/core/history.ts'
import { appendHistory, lastHistory, readHistory } from '../../src/store/history.ts'
import { type SessionPaths, sessionPaths } from '../../src/store/paths.ts'
import { failureOf } from '../fakes/failure.ts'
import { anEvent, anIteration } from '../fakes/history.ts'
import { HELD } from '../fakes/lock.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const session = (): SessionPaths => {
  const paths = sessionPaths(tempDir(), 'demo')
  mkdirSync(paths.home)
  return paths
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => anIteration({ iteration: n + 1 }))
const write = (paths: SessionPaths, count: number): void =>
  writeFileSync(paths.history, numbered(count).map(encodeEntry).join(''))

const OBSTACLES: readonly (readonly [string, (path: string) => void, string])[] = [
  ['a directory', (path) => mkdirSync(path), 'is a directory'],
  ['a pipe', (path) => void spawnSync('mkfifo', [path]), 'is a pipe, socket or device, not a file'],
  ['a link', (path) => symlinkSync('/etc/passwd', path), 'is a symbolic link, which is not followed'],
]

describe('the history on the disk', () => {
  it('is what was appended, in a private file', () => {
    const paths = session()
    appendHistory(HELD, paths, anEvent())
    appendHistory(HELD, paths, anIteration())
    expect(readHistory(paths)).toEqual({
      entries: [anEvent(), anIteration()],
      skipped: 0,
      torn: false,
      problem: null,
    })
    expect(statSync(paths.history).mode & 0o777).toBe(0o600)
  })

  it('is empty and no problem before the first run', () => {
    expect(readHistory(sessionPaths(tempDir(), 'demo'))).toEqual({
      entries: [],
      skipped: 0,
      torn: false,
      problem: null,
    })
  })

  it('goes on behind a line that a crash has cut off', () => {
    const paths = session()
    appendHistory(HELD, paths, anIteration())
    truncateSync(paths.history, statSync(paths.history).size - 10)
    expect(readHistory(paths)).toMatchObject({ entries: [], torn: true })
    appendHistory(HELD, paths, anIteration({ iteration: 2 }))
    expect(readHistory(paths)).toEqual({
      entries: [anIteration({ iteration: 2 })],
      skipped: 1,
      torn: false,
      problem: null,
    })
    expect(readFileSync(paths.history, 'utf8').split('\n')).toHaveLength(3)
  })

  it('adds no empty lines', () => {
    const paths = session()
    for (const entry of numbered(3)) appendHistory(HELD, paths, entry)
    expect(readFileSync(paths.history, 'utf8')).toBe(numbered(3).map(encodeEntry).join(''))
  })

  it.each(OBSTACLES)('is a problem that is told when there is %s in its place', (_, put, reason) => {
    const paths = session()
    put(paths.history)
    expect(readHistory(paths)).toEqual({
      entries: [],
      skipped: 0,
      torn: false,
      problem: `${paths.history} ${reason}`,
    })
    expect(lastHistory(paths, 3).problem).toBe(`${paths.history} ${reason}`)
    expect(failureOf(() => appendHistory(HELD, paths, anIteration())).exitCode).toBe(74)
  })

  it('that cannot be appended to is an error, with its path', () => {
    const paths = sessionPaths(tempDir(), 'demo')
    expect(failureOf(() => appendHistory(HELD, paths, anIteration())).message).toContain(
      `${paths.history} could`,
    )
  })

  it('is read whole when it is longer than a chunk', () => {
    const paths = session()
    write(paths, 20_000)
    const { entries, skipped, torn } = readHistory(paths)
    expect(statSync(paths.history).size).toBeGreaterThan(4 * 1024 ** 2)
    expect(entries).toEqual(numbered(20_000))
    expect({ skipped, torn }).toEqual({ skipped: 0, torn: false })
  })

  it('loses one line, and no other, to a line that is longer than any entry', () => {
    const paths = session()
    write(paths, 3)
    appendFileSync(paths.history, `${'x'.repeat(9 * 1024 ** 2)}\n`)
    appendHistory(HELD, paths, anEvent())
    expect(readHistory(paths)).toEqual({
      entries: [...numbered(3), anEvent()],
      skipped: 1,
      torn: false,
      problem: null,
    })
  })

  it('is torn when the longest line has no end', () => {
    const paths = session()
    write(paths, 3)
    appendFileSync(paths.history, 'x'.repeat(9 * 1024 ** 2))
    expect(readHistory(paths)).toMatchObject({ entries: numbered(3), skipped: 0, torn: true })
  })
})

describe('the end of the history', () => {
  it.each([0, 1, 3, 5, 9])('has the last %d entries', (count) => {
    const paths = session()
    write(paths, 5)
    expect(lastHistory(paths, count).entries).toEqual(count === 0 ? [] : numbered(5).slice(-count))
  })

  it.each([1, 1000, 4999])('is the same when most of a long file is not looked at: %d', (count) => {
    const paths = session()
    write(paths, 5000)
    expect(lastHistory(paths, count).entries).toEqual(numbered(5000).slice(-count))
  })

  it('passes over what is no entry, and says whether the last line was cut off', () => {
    const paths = session()
    write(paths, 2)
    appendFileSync(paths.history, 'x\n{"kind":"itera')
    expect(lastHistory(paths, 2)).toEqual({ entries: numbered(2), skipped: 1, torn: true, problem: null })
  })

  it('is found behind a long line', () => {
    const paths = session()
    write(paths, 2)
    appendFileSync(paths.history, `${'x'.repeat(1024 ** 2)}\n`)
    expect(lastHistory(paths, 1).entries).toEqual(numbered(2).slice(-1))
  })
})
