import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkInput, openInput } from '../../src/store/input-file.ts'
import { failureOf } from '../fakes/failure.ts'
import { tempDir } from '../fakes/temp-dir.ts'

describe('the file of a standard input', () => {
  it('is found from the directory of the run, by its path or through a link, and read from its start', () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'prompt.md'), 'go on\n')
    symlinkSync('prompt.md', join(dir, 'link'))
    for (const file of ['prompt.md', './link', join(dir, 'prompt.md')]) {
      const input = openInput(file, dir)
      if (input.kind !== 'open') throw new Error(input.reason)
      expect(readFileSync(input.fd, 'utf8')).toBe('go on\n')
      closeSync(input.fd)
    }
  })

  it.each<[string, (path: string) => unknown, string]>([
    ['nothing', () => undefined, 'is not there'],
    ['a directory', (path) => mkdirSync(path), 'is a directory'],
    ['a FIFO, which nobody writes to', (path) => execFileSync('mkfifo', [path]), 'is a pipe'],
    ['a link to nothing', (path) => symlinkSync('gone', path), 'is not there'],
  ])('is refused when it is %s', (_, make, reason) => {
    const dir = tempDir()
    make(join(dir, 'input'))
    const failure = failureOf(() => checkInput('input', dir))
    expect(failure.exitCode).toBe(69)
    expect(failure.message).toContain(`--stdin: ${join(dir, 'input')}`)
    expect(failure.message).toContain(reason)
  })

  it.skipIf(process.getuid?.() === 0)('is refused when it may not be read', () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'input'), '')
    chmodSync(join(dir, 'input'), 0)
    expect(failureOf(() => checkInput('input', dir)).message).toContain('may not be read')
  })

  it('may be a device', () => {
    expect(() => checkInput('/dev/null', '/')).not.toThrow()
  })
})
