import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRecord } from '../../src/store/read-record.ts'
import { quarantine, removeTemporaryFiles, writeRecord } from '../../src/store/write-record.ts'
import { failureOf } from '../fakes/failure.ts'
import { HELD } from '../fakes/lock.ts'
import { aRecord } from '../fakes/records.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const recordPath = (): string => join(tempDir(), 'demo.json')
const generationAt = (path: string): number | undefined => {
  const stored = readRecord(path, 'demo')
  return stored.kind === 'record' ? stored.record.generation : undefined
}

describe('a record', () => {
  it.each([true, false])('is written and read again, durable: %s', (durable) => {
    const path = recordPath()
    writeRecord(HELD, path, aRecord(), durable)
    expect(readRecord(path, 'demo')).toEqual({ kind: 'record', record: aRecord() })
  })

  it('is for this user alone, also when it replaces one that was not', () => {
    const path = recordPath()
    writeFileSync(path, 'x', { mode: 0o644 })
    writeRecord(HELD, path, aRecord(), false)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('replaces the old one by another file: who has the old one open reads it to its end', () => {
    const path = recordPath()
    writeRecord(HELD, path, aRecord({ generation: 1 }), false)
    const before = statSync(path).ino
    writeRecord(HELD, path, aRecord({ generation: 2 }), false)
    expect(statSync(path).ino).not.toBe(before)
    expect(generationAt(path)).toBe(2)
  })

  it('leaves no other file behind', () => {
    const path = recordPath()
    for (let generation = 1; generation < 5; generation += 1)
      writeRecord(HELD, path, aRecord({ generation }), generation % 2 === 0)
    expect(readdirSync(dirname(path))).toEqual([basename(path)])
  })

  it.each<[string, (path: string) => void]>([
    ['its directory is missing', () => undefined],
    ['a directory lies in its place', (path) => mkdirSync(path, { recursive: true })],
  ])('fails with an error when %s', (_, prepare) => {
    const path = join(tempDir(), 'sub', 'demo.json')
    prepare(path)
    const failure = failureOf(() => writeRecord(HELD, path, aRecord(), false))
    expect(failure.exitCode).toBe(74)
    expect(failure.message).toContain(path)
  })
})

describe('a record that nobody can read', () => {
  it('is moved aside, whole, under a name that says when', () => {
    const path = recordPath()
    writeFileSync(path, 'garbage')
    const aside = quarantine(path, 1_800_000_000)
    expect(basename(aside)).toMatch(/^demo\.json\.corrupt-20270115T080000Z-\d+$/)
    expect(existsSync(path)).toBe(false)
    expect(readFileSync(aside, 'utf8')).toBe('garbage')
  })

  it('is moved aside when it is a directory', () => {
    const path = recordPath()
    mkdirSync(path)
    writeFileSync(join(path, 'x'), 'kept')
    expect(readFileSync(join(quarantine(path, 1_800_000_000), 'x'), 'utf8')).toBe('kept')
  })

  it('fails with an error when it is not there any more', () => {
    expect(failureOf(() => quarantine(recordPath(), 1)).exitCode).toBe(74)
  })

  it('is not listed as a session, nor removed as a leftover', () => {
    const path = recordPath()
    writeFileSync(path, 'garbage')
    const aside = quarantine(path, 1_800_000_000)
    removeTemporaryFiles(path)
    expect(existsSync(aside)).toBe(true)
  })
})

describe('what a killed writer left', () => {
  it('is removed, and nothing else is', () => {
    const path = recordPath()
    const dir = dirname(path)
    const kept = [
      'demo.json',
      'demo.json.1x',
      'demo.json.',
      'demo.json.12.bak',
      'demo.json.corrupt-20270115T080000Z-5',
      'demo.lock',
      'demo2.json.123',
      'xdemo.json.123',
      'demo.jsonx123',
    ]
    for (const name of [...kept, 'demo.json.0', 'demo.json.4294967295']) writeFileSync(join(dir, name), 'x')
    removeTemporaryFiles(path)
    expect(readdirSync(dir).sort()).toEqual([...kept].sort())
  })

  it('is named by the library in the way that is looked for', async () => {
    const { _getTmpname } = (await import('write-file-atomic')) as unknown as {
      readonly _getTmpname: (path: string) => string
    }
    const path = recordPath()
    const left = _getTmpname(path)
    writeFileSync(left, 'half')
    removeTemporaryFiles(path)
    expect(existsSync(left)).toBe(false)
  })
})
