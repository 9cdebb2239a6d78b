import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkLockDir, makeOwnDir, networkFileSystemOf, prepareLockDir } from '../../src/store/lock-dir.ts'
import { failureOf } from '../fakes/failure.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const isRoot = process.geteuid?.() === 0
const modeOf = (path: string): number => statSync(path).mode & 0o777
const BOTH = [
  ['to read', (dir: string): unknown => checkLockDir(dir)],
  ['to lock in', prepareLockDir],
] as const

describe('a lock directory', () => {
  it('is made, private, with all that is missing above it', () => {
    const dir = join(tempDir(), 'state', 'locks')
    prepareLockDir(dir)
    expect(modeOf(dir)).toBe(0o700)
    prepareLockDir(dir)
  })

  it('is made private whatever the umask is', () => {
    const before = process.umask(0)
    try {
      const dir = join(tempDir(), 'locks')
      prepareLockDir(dir)
      expect(modeOf(dir)).toBe(0o700)
    } finally {
      process.umask(before)
    }
  })

  it('is not made by somebody who only reads', () => {
    const parent = tempDir()
    expect(checkLockDir(join(parent, 'locks'))).toBe(false)
    expect(readdirSync(parent)).toEqual([])
    expect(checkLockDir(parent)).toBe(true)
  })

  it('may be reached over a symbolic link', () => {
    const parent = tempDir()
    mkdirSync(join(parent, 'real'), { mode: 0o700 })
    symlinkSync(join(parent, 'real'), join(parent, 'link'))
    expect(checkLockDir(join(parent, 'link'))).toBe(true)
    prepareLockDir(join(parent, 'link'))
  })

  describe.each(BOTH)('%s', (_, use) => {
    it.each([0o755, 0o770, 0o707, 0o711, 0o1777, 0o750])(
      'is unsafe with mode %i, and names the fix',
      (mode) => {
        const dir = join(tempDir(), 'locks')
        mkdirSync(dir)
        chmodSync(dir, mode)
        const failure = failureOf(() => use(dir))
        expect(failure.exitCode).toBe(77)
        expect(failure.hint).toBe(`chmod 700 ${dir}`)
        expect(modeOf(dir)).toBe(mode & 0o777)
      },
    )

    it('is unsafe when it is a file', () => {
      const path = join(tempDir(), 'locks')
      writeFileSync(path, '', { mode: 0o600 })
      expect(failureOf(() => use(path)).exitCode).toBe(77)
    })

    it('cannot be used below a file', () => {
      const path = join(tempDir(), 'file')
      writeFileSync(path, '')
      expect(failureOf(() => use(join(path, 'locks'))).exitCode).toBe(73)
    })

    it.skipIf(!isRoot)(
      'is unsafe when it belongs to another user (only root can give one away)',
      async () => {
        const { chownSync } = await import('node:fs')
        const dir = join(tempDir(), 'locks')
        mkdirSync(dir, { mode: 0o700 })
        chownSync(dir, 12345, 12345)
        const failure = failureOf(() => use(dir))
        expect(failure.exitCode).toBe(77)
        expect(failure.message).toContain('uid 12345')
      },
    )
  })

  it('cannot be used when it is a link to nothing', () => {
    const path = join(tempDir(), 'locks')
    symlinkSync(`${path}.x`, path)
    expect(failureOf(() => prepareLockDir(path)).exitCode).toBe(73)
  })

  it.skipIf(isRoot)('cannot be used when it is not writable (root may write everywhere)', () => {
    const dir = join(tempDir(), 'locks')
    mkdirSync(dir)
    chmodSync(dir, 0o500)
    expect(failureOf(() => prepareLockDir(dir)).exitCode).toBe(73)
    expect(checkLockDir(dir)).toBe(true)
  })

  it.skipIf(isRoot)('cannot be made where nothing can be made (root may write everywhere)', () => {
    const parent = tempDir()
    chmodSync(parent, 0o500)
    expect(failureOf(() => prepareLockDir(join(parent, 'locks'))).exitCode).toBe(73)
    chmodSync(parent, 0o700)
  })

  it.skipIf(process.platform !== 'linux')('cannot be made in /proc, and that does not hang', () => {
    expect(failureOf(() => prepareLockDir('/proc/locks-of-a-test')).exitCode).toBe(73)
  })

  // Its parent is there and is not there, and is made again and again until the stack is full.
  it('cannot be made below a link to nothing', () => {
    const path = join(tempDir(), 'link')
    symlinkSync(`${path}.x`, path)
    expect(failureOf(() => prepareLockDir(join(path, 'locks'))).exitCode).toBe(73)
  })

  it('is on a local file system where the tests are', () => {
    expect(networkFileSystemOf(tempDir())).toBeNull()
  })
})

describe('a directory in the lock directory', () => {
  it('is made private, and found again', () => {
    const dir = join(tempDir(), 'demo')
    makeOwnDir(dir)
    expect(modeOf(dir)).toBe(0o700)
    makeOwnDir(dir)
  })

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'x')],
    ['a link to a directory', (path) => symlinkSync('/tmp', path)],
    ['a link to nothing', (path) => symlinkSync('/nowhere', path)],
  ])('is refused and left as it is when it is %s', (_, make) => {
    const path = join(tempDir(), 'demo')
    make(path)
    const before = lstatSync(path).ino
    const failure = failureOf(() => makeOwnDir(path))
    expect(failure.exitCode).toBe(77)
    expect(failure.hint).toContain(`mv ${path}`)
    expect(lstatSync(path).ino).toBe(before)
  })

  it('fails with an error when there is nothing above it', () => {
    expect(failureOf(() => makeOwnDir(join(tempDir(), 'no', 'demo'))).exitCode).toBe(74)
  })
})
