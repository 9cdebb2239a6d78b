import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { encodeRecord } from '../../src/core/record-file.ts'
import { listSessions, readRecord } from '../../src/store/read-record.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { aRecord } from '../fakes/records.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const isRoot = process.geteuid?.() === 0
const recordPath = (): string => join(tempDir(), 'demo.json')
const read = (path: string) => readRecord(path, 'demo')

const GOOD = encodeRecord(aRecord())

describe('a record on disk', () => {
  it('is read', () => {
    const path = recordPath()
    writeFileSync(path, GOOD)
    expect(read(path)).toEqual({ kind: 'record', record: aRecord() })
  })

  it('is none when there is no file', () => {
    expect(read(recordPath())).toEqual({ kind: 'none' })
    expect(read(join(tempDir(), 'no', 'demo.json'))).toEqual({ kind: 'none' })
  })

  it.each([
    ['of a normal size', 4000],
    ['that just fills a buffer', 16 * 1024],
    ['one byte over a buffer', 16 * 1024 + 1],
    ['with a long command', 300_000],
    ['with a command as long as a system takes', 2 * 1024 ** 2],
  ])('is read whole: one %s', (_, bytes) => {
    const path = recordPath()
    const record = aRecord({ command: ['x'] })
    const padding = bytes - Buffer.byteLength(encodeRecord(record))
    const padded = aRecord({ command: ['x'.repeat(padding + 1)] })
    writeFileSync(path, encodeRecord(padded))
    expect(readFileSync(path)).toHaveLength(bytes)
    expect(read(path)).toEqual({ kind: 'record', record: padded })
    writeFileSync(path, GOOD)
    expect(read(path)).toEqual({ kind: 'record', record: aRecord() })
  })

  it.each<[string, string | Buffer, string]>([
    ['empty', '', 'empty'],
    ['blank', '\n \n', 'empty'],
    ['cut off', GOOD.slice(0, 700), 'not JSON'],
    ['binary', Buffer.from([0, 1, 2, 0xff, 0xfe, 0x80]), 'not JSON'],
    ['all zeros, as after a crash of the machine', Buffer.alloc(4096), 'not JSON'],
    ['in UTF-16', Buffer.from(GOOD, 'utf16le'), 'not JSON'],
    ["another session's", encodeRecord(aRecord({ session: 'other' })), 'another session'],
  ])('is corrupt when it is %s', (_, content, reason) => {
    const path = recordPath()
    writeFileSync(path, content)
    expect(read(path)).toEqual({ kind: 'corrupt', reason: expect.stringContaining(reason) })
  })

  it('is newer when its format is', () => {
    const path = recordPath()
    writeFileSync(path, '{"format": 2, "everything": "else"}')
    expect(read(path)).toEqual({ kind: 'newer', format: 2 })
  })

  it('is corrupt when it has 100 MB', () => {
    const path = recordPath()
    writeFileSync(path, GOOD)
    truncateSync(path, 100 * 1024 ** 2)
    expect(read(path)).toEqual({ kind: 'corrupt', reason: expect.stringContaining('too large') })
  })

  it.each([
    ['just as large as it may be', 4 * 1024 ** 2, 'record'],
    ['one byte larger', 4 * 1024 ** 2 + 1, 'corrupt'],
  ])('is judged by its size: %s', (_, bytes, kind) => {
    const path = recordPath()
    writeFileSync(path, GOOD.padEnd(bytes, ' '))
    expect(read(path).kind).toBe(kind)
  })

  // The limit is in bytes, and what is compared with it are UTF-16 units.
  it('is corrupt when it is too large, whatever letters are in it', () => {
    const path = recordPath()
    writeFileSync(path, `"${'ä'.repeat(6 * 1024 ** 2)}"`)
    expect(read(path).kind).toBe('corrupt')
  })

  it('is corrupt when it is a directory', () => {
    const path = recordPath()
    mkdirSync(path)
    expect(read(path)).toEqual({ kind: 'corrupt', reason: expect.stringContaining('directory') })
  })

  it.each([
    ['to a good record', (path: string) => writeFileSync(`${path}.x`, GOOD)],
    ['to nothing', () => undefined],
  ])('is corrupt when it is a symbolic link %s', (_, prepare) => {
    const path = recordPath()
    prepare(path)
    symlinkSync(`${path}.x`, path)
    expect(read(path)).toEqual({ kind: 'corrupt', reason: expect.stringContaining('symbolic link') })
  })

  it('is corrupt when it is a device', () => {
    expect(readRecord('/dev/null', 'demo')).toMatchObject({ kind: 'corrupt' })
  })

  it('is corrupt when it is a socket', async () => {
    const path = recordPath()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => void server.close())
    expect(read(path)).toEqual({ kind: 'corrupt', reason: expect.stringContaining('socket') })
  })

  it.skipIf(isRoot)('is unreadable without the permission (root may read everything)', () => {
    const path = recordPath()
    writeFileSync(path, GOOD)
    chmodSync(path, 0)
    expect(read(path)).toEqual({ kind: 'unreadable', reason: expect.stringContaining('may not be read') })
  })

  // Reading explains the failure with a stat of the path, and that throws what it meets.
  it('is unreadable, and nothing is thrown, when its directory is a file', () => {
    const path = recordPath()
    writeFileSync(path, '')
    expect(read(join(path, 'demo.json')).kind).toMatch(/unreadable|none/)
  })
})

describe('a FIFO in the place of a record', () => {
  const fifo = (): string => {
    const path = recordPath()
    execFileSync('mkfifo', [path])
    return path
  }
  const PIPE = { kind: 'corrupt', reason: expect.stringContaining('pipe') }
  const openBothEnds = (path: string): number => {
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(fd))
    return fd
  }

  it('does not make the reader wait when nobody writes', () => {
    expect(read(fifo())).toEqual(PIPE)
  })

  it('does not make the reader wait when somebody has it open and writes nothing', () => {
    const path = fifo()
    openBothEnds(path)
    expect(read(path)).toEqual(PIPE)
  })

  it('does not make the reader wait for a process that is about to write', async () => {
    const path = fifo()
    const writer = spawn('sh', ['-c', `exec sleep 300 > "$1"`, 'sh', path], { stdio: 'ignore' })
    onTestFinished(() => void writer.kill('SIGKILL'))
    expect(read(path)).toEqual(PIPE)
  })

  // What a pipe gives is taken for the content of a file.
  it.each([
    ['nonsense', 'nonsense'],
    ['a good record', GOOD],
  ])('is corrupt whatever is written into it: %s', (_, text) => {
    const path = fifo()
    writeSync(openBothEnds(path), text)
    expect(read(path)).toEqual(PIPE)
  })
})

describe('the list of sessions', () => {
  it('has the names that have a record, in order', () => {
    const dir = tempDir()
    for (const name of ['b.json', 'a.json', 'B.json']) writeFileSync(join(dir, name), '')
    expect(listSessions(dir)).toEqual(['B', 'a', 'b'])
  })

  it('has whatever lies there under a good name: the reader says what it is', () => {
    const dir = tempDir()
    mkdirSync(join(dir, 'odd.json'))
    symlinkSync('/nowhere', join(dir, 'link.json'))
    expect(listSessions(dir)).toEqual(['link', 'odd'])
  })

  it.each([
    'a.lock',
    'a',
    '.json',
    '-n.json',
    'a b.json',
    '_a.json',
    'a.json.123',
    'a.json.corrupt-1',
    `${'x'.repeat(65)}.json`,
    'ä.json',
    'a\nb.json',
  ])('passes over %j', (entry) => {
    const dir = tempDir()
    writeFileSync(join(dir, entry), GOOD)
    expect(listSessions(dir)).toEqual([])
  })

  it('is empty without a directory', () => {
    expect(listSessions(join(tempDir(), 'no'))).toEqual([])
  })

  it('fails with an error when the directory is a file', async () => {
    const path = recordPath()
    writeFileSync(path, '')
    const failure = await rejectionOf(Promise.resolve().then(() => listSessions(path)))
    expect(failure.exitCode).toBe(73)
  })
})
