import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  endOf,
  isOutputFile,
  listRuns,
  outputOf,
  readFrom,
  type Segments,
  startOfLastLines,
} from '../../src/store/output.ts'
import { type SessionPaths, sessionPaths } from '../../src/store/paths.ts'
import { tempDir } from '../fakes/temp-dir.ts'

/** Segments of run 1, by name. */
const session = (files: Readonly<Record<string, string>> = {}): SessionPaths => {
  const paths = sessionPaths(tempDir(), 'demo')
  mkdirSync(paths.run(1), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(`${paths.run(1)}/${name}`, text)
  return paths
}

const segmentsOf = (paths: SessionPaths, iteration = 1): Segments =>
  outputOf(paths, 1)?.iterations.get(iteration) ?? []

/** Gaps as `<5>`, problems as `!`. */
const read = (segments: Segments, from = 0): { text: string; position: number } => {
  let text = ''
  const pieces = readFrom(segments, from)
  for (;;) {
    const next = pieces.next()
    if (next.done === true) return { text, position: next.value }
    const piece = next.value
    if (piece.kind === 'bytes') text += piece.bytes.toString('latin1')
    else text += piece.kind === 'gap' ? `<${piece.size}>` : '!'
  }
}

describe('the list of what is on the disk', () => {
  it('has the runs, the newest first, and nothing else that lies there', () => {
    const paths = session()
    for (const name of ['2', '10', '9', '01', 'x', '-1', '0']) mkdirSync(`${paths.runs}/${name}`)
    expect(listRuns(paths)).toEqual({ generations: [10, 9, 2, 1], problem: null })
  })

  it('is empty before the first run', () => {
    expect(listRuns(sessionPaths(tempDir(), 'demo'))).toEqual({ generations: [], problem: null })
    expect(outputOf(session(), 2)).toBeNull()
  })

  it('says what lies in place of a directory', () => {
    const paths = sessionPaths(tempDir(), 'demo')
    mkdirSync(paths.home)
    writeFileSync(paths.runs, '')
    expect(listRuns(paths)).toEqual({ generations: [], problem: `${paths.runs} is not a directory` })
    expect(outputOf(paths, 1)?.problem).toBe(`${paths.run(1)} is not a directory`)
  })

  it('has the segments of each iteration in the order of their bytes, not of their names', () => {
    const paths = session({ '2.0.log': '', '1.100.log': '', '1.9.log': '', '1.0.log': '', 'notes.jsonl': '' })
    const { iterations } = outputOf(paths, 1) ?? { iterations: new Map<number, Segments>() }
    expect([...iterations.keys()].sort()).toEqual([1, 2])
    expect(iterations.get(1)?.map(({ offset }) => offset)).toEqual([0, 9, 100])
  })

  it.each(['0.0.log', '1.log', '1.01.log', '01.0.log', '1.0.log.gz', 'x.0.log', '1.-1.log', '1.0.log\n'])(
    'takes %j for no output',
    (name) => {
      expect(isOutputFile(name)).toBe(false)
    },
  )
})

describe('the output of an iteration', () => {
  it('is its segments, one behind the other', () => {
    expect(read(segmentsOf(session({ '1.0.log': 'abc', '1.3.log': 'de', '1.5.log': 'f' })))).toEqual({
      text: 'abcdef',
      position: 6,
    })
  })

  it('has gaps where bytes are missing', () => {
    const paths = session({ '1.2.log': 'abc', '1.10.log': 'de' })
    expect(read(segmentsOf(paths))).toEqual({ text: '<2>abc<5>de', position: 12 })
  })

  it('is every byte of it, and not text', () => {
    const paths = session()
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, n) => (n * 7) % 256))
    writeFileSync(`${paths.run(1)}/1.0.log`, bytes)
    expect(read(segmentsOf(paths)).text).toBe(bytes.toString('latin1'))
  })

  it.each([
    [0, 'abcdef'],
    [1, 'bcdef'],
    [3, 'def'],
    [5, 'f'],
    [6, ''],
  ])('is read on from position %d', (from, text) => {
    const paths = session({ '1.0.log': 'abc', '1.3.log': 'def' })
    expect(read(segmentsOf(paths), from)).toEqual({ text, position: 6 })
  })

  it('is read on where it has grown, also by a segment', () => {
    const paths = session({ '1.0.log': 'abc' })
    const { position } = read(segmentsOf(paths))
    appendFileSync(`${paths.run(1)}/1.0.log`, 'd')
    writeFileSync(`${paths.run(1)}/1.4.log`, 'e')
    expect(read(segmentsOf(paths), position)).toEqual({ text: 'de', position: 5 })
  })

  it('has a gap where segments were removed behind the reader', () => {
    const paths = session({ '1.0.log': 'abc', '1.3.log': 'def', '1.6.log': 'ghi' })
    const { position } = read(segmentsOf(paths).slice(0, 1))
    rmSync(`${paths.run(1)}/1.3.log`)
    expect(read(segmentsOf(paths), position).text).toBe('<3>ghi')
  })

  it('has a gap where a segment was removed after it was listed', () => {
    const paths = session({ '1.0.log': 'abc', '1.3.log': 'def', '1.6.log': 'ghi' })
    const segments = segmentsOf(paths)
    rmSync(`${paths.run(1)}/1.3.log`)
    expect(read(segments).text).toBe('abc<3>ghi')
  })

  it('has no byte twice when segments overlap', () => {
    expect(read(segmentsOf(session({ '1.0.log': 'abcd', '1.2.log': 'cdef' }))).text).toBe('abcdef')
  })

  it.each<[string, (path: string) => void]>([
    ['a directory', (path) => mkdirSync(path)],
    ['a pipe', (path) => void spawnSync('mkfifo', [path])],
    ['a link', (path) => symlinkSync('/etc/passwd', path)],
  ])('passes over %s in place of a segment, says so, and never hangs', (_, put) => {
    const paths = session({ '1.0.log': 'abc', '1.6.log': 'ghi' })
    put(`${paths.run(1)}/1.3.log`)
    expect(read(segmentsOf(paths)).text).toBe('abc!<3>ghi')
    put(`${paths.run(1)}/1.9.log`)
    expect(read(segmentsOf(paths)).text).toBe('abc!<3>ghi!')
  })

  it.skipIf(process.geteuid?.() === 0)('passes over a segment that may not be read', () => {
    const paths = session({ '1.0.log': 'abc', '1.3.log': 'def' })
    chmodSync(`${paths.run(1)}/1.0.log`, 0)
    expect(read(segmentsOf(paths)).text).toBe('!<3>def')
  })

  it('ends where its last segment does', () => {
    expect(endOf(segmentsOf(session({ '1.0.log': 'abc', '1.8.log': 'de' })))).toBe(10)
    expect(endOf([])).toBe(0)
  })
})

describe('the last lines', () => {
  const last = (files: Readonly<Record<string, string>>, lines: number): string => {
    const segments = segmentsOf(session(files))
    return read(segments, startOfLastLines(segments, lines)).text
  }

  it.each([
    ['a\nb\nc\n', 0, ''],
    ['a\nb\nc\n', 1, 'c\n'],
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc\n', 3, 'a\nb\nc\n'],
    ['a\nb\nc\n', 9, 'a\nb\nc\n'],
    ['a\nb\nc', 1, 'c'],
    ['a\nb\nc', 2, 'b\nc'],
    ['\n\n\n', 1, '\n'],
    ['\n\n\n', 2, '\n\n'],
    ['\na', 1, 'a'],
    ['\na', 2, '\na'],
    ['a', 1, 'a'],
    ['\n', 1, '\n'],
    ['', 1, ''],
  ])('of %j, %d of them, are %j', (text, lines, expected) => {
    expect(last({ '1.0.log': text }, lines)).toBe(expected)
  })

  /** Every way to cut a text into two or three segments says the same as one file. */
  it('do not depend on where segments begin', () => {
    const text = 'a\n\nbc\nd\n'
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const files = {
          '1.0.log': text.slice(0, first),
          [`1.${first}.log`]: text.slice(first, second),
          [`1.${second}.log`]: text.slice(second),
        }
        for (let lines = 0; lines < 7; lines += 1) {
          expect(last(files, lines), JSON.stringify([files, lines])).toBe(last({ '1.0.log': text }, lines))
        }
      }
    }
  })

  it.each([
    [1, 'd\n'],
    [2, 'c\nd\n'],
    [3, 'b<6>c\nd\n'],
    [4, 'a\nb<6>c\nd\n'],
  ])('end at a gap as at a newline: %d', (lines, expected) => {
    expect(last({ '1.0.log': 'a\nb', '1.9.log': 'c\nd\n' }, lines)).toBe(expected)
  })

  it('count a newline before a gap once', () => {
    expect(last({ '1.0.log': 'a\nb\n', '1.9.log': 'c\n' }, 2)).toBe('b\n<5>c\n')
  })

  it('show a gap at the beginning when there are fewer lines than asked for', () => {
    expect(last({ '1.5.log': 'c\n' }, 1)).toBe('<5>c\n')
    expect(last({ '1.5.log': 'b\nc\n' }, 1)).toBe('c\n')
  })

  it('are found across chunks', () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => `line ${n}\n`)
    const files = { '1.0.log': lines.join('') }
    expect(last(files, 40_000)).toBe(lines.slice(-40_000).join(''))
    expect(last({ '1.0.log': `first\n${'x'.repeat(700_000)}` }, 2)).toBe(`first\n${'x'.repeat(700_000)}`)
  })

  it('pass over what is no file', () => {
    const paths = session({ '1.0.log': 'a\nb\n', '1.9.log': 'c\n' })
    mkdirSync(`${paths.run(1)}/1.4.log`)
    mkdirSync(`${paths.run(1)}/1.11.log`)
    const segments = segmentsOf(paths)
    expect(read(segments, startOfLastLines(segments, 2)).text).toBe('b\n!<5>c\n!')
  })
})
