import { execFileSync, spawnSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Clock } from '../../src/core/ports.ts'
import { systemClock } from '../../src/process/clock.ts'
import {
  type HeldLock,
  type LockLoss,
  probeLock,
  tryAcquire,
  waitAcquire,
} from '../../src/store/kernel-lock.ts'
import { chooseLockTool, type LockTool } from '../../src/store/lock-tool.ts'
import { program, start, startReady, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { rejectionOf } from '../fakes/failure.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const has = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
const TOOLS: readonly LockTool[] = (['flock', 'perl'] as const).filter(has)

const lockPath = (): string => join(tempDir(), 'demo.lock')

/** Anyone's cron job: `flock -n FILE true`. */
const othersCanLock = (path: string): boolean => spawnSync('flock', ['-n', path, 'true']).status === 0

/** A sleep is a wait for the end of the test's own doing, and takes no time of the clock's. */
const never: Clock = { ...systemClock, sleep: (_, signal) => systemClock.sleep(1e6, signal) }

describe.skipIf(!has('flock')).each(TOOLS)('the kernel lock by %s', (tool) => {
  const acquire = async (path: string): Promise<HeldLock> => {
    const lock = await tryAcquire(path, tool, systemClock, 0)
    if (lock === null) throw new Error('it is held')
    onTestFinished(() => lock.release())
    return lock
  }
  const isHeld = async (path: string): Promise<boolean> => {
    const lock = await tryAcquire(path, tool, systemClock, 0)
    lock?.release()
    return lock === null
  }

  it('makes an empty file, for this user alone', async () => {
    const path = lockPath()
    await acquire(path)
    expect(statSync(path).size).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('excludes another open in the same process', async () => {
    const path = lockPath()
    await acquire(path)
    expect(await isHeld(path)).toBe(true)
  })

  it('excludes another process, and is excluded by one', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    expect(othersCanLock(path)).toBe(false)
    lock.release()
    expect(othersCanLock(path)).toBe(true)
    await startReady(process.execPath, [program('hold-lock.mjs'), path])
    expect(await isHeld(path)).toBe(true)
  })

  it('excludes nobody from another session', async () => {
    const dir = tempDir()
    await acquire(join(dir, 'a.lock'))
    expect(await isHeld(join(dir, 'b.lock'))).toBe(false)
  })

  it('is let go on release, also when a child still has the descriptor open', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    const child = start('sleep', ['300'], { stdio: ['ignore', 'ignore', 'ignore', lock.share()] })
    await eventually(
      'the child has it open',
      () => process.platform !== 'linux' || spawnSync('test', ['-e', `/proc/${child.pid}/fd/3`]).status === 0,
    )
    lock.release()
    expect(await isHeld(path)).toBe(false)
  })

  it('stays with a child that has the descriptor open when it is closed without release', async () => {
    const path = lockPath()
    const holder = await startReady(process.execPath, [
      '-e',
      `const { spawnSync, spawn } = require('node:child_process')
       const fd = require('node:fs').openSync(${JSON.stringify(path)}, 'a+')
       spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
       const child = spawn('sleep', ['300'], { stdio: ['ignore', 'ignore', 'ignore', fd], detached: true })
       console.log(child.pid)
       setInterval(() => undefined, 60_000)`,
    ])
    const child = Number(holder.said)
    onTestFinished(() => {
      try {
        process.kill(child, 'SIGKILL')
      } catch {
        // Ended by the test.
      }
    })
    process.kill(holder.pid, 'SIGKILL')
    await holder.ended
    expect(await isHeld(path)).toBe(true)
    process.kill(child, 'SIGKILL')
    await eventually('the lock is free', async () => !(await isHeld(path)))
  })

  it('ends with its holder, when that is killed by SIGKILL', async () => {
    const path = lockPath()
    writeFileSync(path, '', { mode: 0o600 })
    const holder = await startReady(process.execPath, [program('hold-lock.mjs'), path])
    expect(holder.said).toBe(String(holder.pid))
    expect(await isHeld(path)).toBe(true)
    process.kill(holder.pid, 'SIGKILL')
    await eventually('the lock is free', async () => !(await isHeld(path)))
  })

  it('can be released twice, and only once does something', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    lock.release()
    const next = await acquire(path)
    lock.release()
    expect(othersCanLock(path)).toBe(false)
    next.release()
    expect(othersCanLock(path)).toBe(true)
  })

  it('is tried again for a while before it counts as held', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    let now = 0
    const clock: Clock = {
      ...systemClock,
      monotonic: () => now,
      sleep: async (seconds) => {
        now += seconds
        if (now > 0.05) lock.release()
      },
    }
    const got = await tryAcquire(path, tool, clock, 0.1)
    expect(got).not.toBeNull()
    got?.release()
    expect(now).toBeLessThan(0.1)
  })

  it('counts as held when the while is over', async () => {
    const path = lockPath()
    await acquire(path)
    let now = 0
    const clock: Clock = {
      ...systemClock,
      monotonic: () => now,
      sleep: async (seconds) => {
        now += seconds
      },
    }
    expect(await tryAcquire(path, tool, clock, 0.1)).toBeNull()
    expect(now).toBeGreaterThanOrEqual(0.1)
  })

  it('is got by who waits for it when it becomes free', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    const waiting = waitAcquire(path, tool, never, { seconds: 1000 })
    await eventually('somebody waits in the kernel', () => waitersOf(path) > 0)
    lock.release()
    const got = await waiting
    expect(got).not.toBeNull()
    expect(othersCanLock(path)).toBe(false)
    got?.release()
    expect(othersCanLock(path)).toBe(true)
  })

  it('is given up on at the limit of the wait', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    const impatient: Clock = { ...systemClock, sleep: async () => undefined }
    expect(await waitAcquire(path, tool, impatient, { seconds: 5 })).toBeNull()
    lock.release()
    await eventually('nobody waits any more', () => othersCanLock(path))
  })

  it('is given up on when that is asked for', async () => {
    const path = lockPath()
    await acquire(path)
    const giveUp = new AbortController()
    const waiting = waitAcquire(path, tool, never, { seconds: 1000, giveUp: giveUp.signal })
    await eventually('somebody waits in the kernel', () => waitersOf(path) > 0)
    giveUp.abort()
    expect(await waiting).toBeNull()
    await eventually('nobody waits any more', () => waitersOf(path) === 0)
  })

  it('is not waited for when giving up was asked for before', async () => {
    const path = lockPath()
    await acquire(path)
    expect(await waitAcquire(path, tool, never, { seconds: 1000, giveUp: AbortSignal.abort() })).toBeNull()
  })

  it('is taken on the new file when the file was replaced during the wait', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    const waiting = waitAcquire(path, tool, never, { seconds: 1000 })
    await eventually('somebody waits in the kernel', () => waitersOf(path) > 0)
    renameSync(path, `${path}.old`)
    writeFileSync(path, '', { mode: 0o600 })
    lock.release()
    const got = await waiting
    expect(othersCanLock(path)).toBe(false)
    expect(othersCanLock(`${path}.old`)).toBe(true)
    got?.release()
  })

  it('makes a new file when the file was removed during the wait', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    const waiting = waitAcquire(path, tool, never, { seconds: 1000 })
    await eventually('somebody waits in the kernel', () => waitersOf(path) > 0)
    unlinkSync(path)
    lock.release()
    const got = await waiting
    expect(othersCanLock(path)).toBe(false)
    got?.release()
  })

  // A release only closes the descriptor: with a copy of it somebody would hold the lock for a moment more.
  it.skipIf(process.platform !== 'linux')(
    'is open in no other process when it was waited for, and whoever waited is gone',
    async () => {
      const path = lockPath()
      for (let round = 0; round < 20; round += 1) {
        const lock = await waitAcquire(path, tool, never, { seconds: 1000 })
        expect(othersWith(path)).toEqual([])
        lock?.release()
      }
    },
  )

  it('leaves no descriptor open behind', async () => {
    const path = lockPath()
    const lock = await acquire(path)
    await tryAcquire(path, tool, systemClock, 0)
    lock.release()
    if (process.platform === 'linux') {
      // Others come and go meanwhile: this process has threads.
      const open = readdirSync('/proc/self/fd').map((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`)
        } catch {
          return ''
        }
      })
      expect(open).not.toContain(path)
    }
  })

  it.each<[string, (path: string) => void]>([
    [
      'a symbolic link',
      (path) => {
        writeFileSync(`${path}.x`, '')
        symlinkSync(`${path}.x`, path)
      },
    ],
    ['a link to nothing', (path) => symlinkSync(`${path}.x`, path)],
    ['a directory', (path) => mkdirSync(path)],
    ['a FIFO', (path) => void execFileSync('mkfifo', [path])],
    [
      'a file with a second name',
      (path) => {
        writeFileSync(`${path}.x`, '')
        linkSync(`${path}.x`, path)
      },
    ],
  ])('is refused on %s', async (_, make) => {
    const path = lockPath()
    make(path)
    for (const attempt of [
      tryAcquire(path, tool, systemClock, 0),
      waitAcquire(path, tool, never, { seconds: 1 }),
    ]) {
      const failure = await rejectionOf(attempt)
      expect(failure.code).toBe('unsafe')
      expect(failure.message).toContain(path)
    }
  })

  it('makes nothing behind a link to nothing', async () => {
    const path = lockPath()
    symlinkSync(`${path}.x`, path)
    await rejectionOf(tryAcquire(path, tool, systemClock, 0))
    expect(() => statSync(`${path}.x`)).toThrow()
  })

  it.each<[string, (path: string) => void, LockLoss | null]>([
    ['nothing has happened', () => undefined, null],
    ['the file is removed', (path) => rmSync(path), 'removed'],
    ['the directory is removed', (path) => rmSync(dirname(path), { recursive: true }), 'removed'],
    ['the directory is renamed', (path) => renameSync(dirname(path), `${dirname(path)}.aside`), 'removed'],
    [
      'a file lies in place of the directory',
      (path) => {
        rmSync(dirname(path), { recursive: true })
        writeFileSync(dirname(path), '')
      },
      'removed',
    ],
    [
      'it is made anew',
      (path) => {
        rmSync(path)
        writeFileSync(path, '')
      },
      'replaced',
    ],
    [
      'another file is renamed to it',
      (path) => {
        writeFileSync(`${path}.new`, '')
        renameSync(`${path}.new`, path)
      },
      'replaced',
    ],
    [
      'a link is put in its place',
      (path) => {
        renameSync(path, `${path}.x`)
        symlinkSync(`${path}.x`, path)
      },
      'replaced',
    ],
    [
      'it cannot be looked at, which says nothing about the file',
      (path) => {
        renameSync(dirname(path), `${dirname(path)}.aside`)
        symlinkSync(dirname(path), dirname(path))
      },
      null,
    ],
  ])('knows whether it still excludes others: %s', async (_, happens, loss) => {
    const dir = join(tempDir(), 'locks')
    mkdirSync(dir)
    const path = join(dir, 'demo.lock')
    const lock = await acquire(path)
    happens(path)
    expect(lock.loss()).toBe(loss)
  })

  it('is refused with an error when the directory is missing', async () => {
    const failure = await rejectionOf(tryAcquire(join(tempDir(), 'no', 'demo.lock'), tool, systemClock, 0))
    expect(failure.code).toBe('io')
  })

  describe('seen from outside', () => {
    it('is held or free, and looking does not take it', async () => {
      const path = lockPath()
      expect(probeLock(path, tool)).toBe('absent')
      const lock = await acquire(path)
      expect(probeLock(path, tool)).toBe('held')
      lock.release()
      expect(probeLock(path, tool)).toBe('free')
      expect(othersCanLock(path)).toBe(true)
    })

    it('makes no file', () => {
      const path = lockPath()
      probeLock(path, tool)
      expect(() => statSync(path)).toThrow()
    })

    it('does not hang on a FIFO, nor follow a link', () => {
      const path = lockPath()
      symlinkSync('/dev/null', path)
      expect(probeLock(path, tool)).toBe('unreadable')
      rmSync(path)
      mkdirSync(path)
      expect(probeLock(path, tool)).toBe('unreadable')
    })
  })
})

/**
 * How many tools wait for the lock of this file: they have it open, and sleep. Not by /proc/locks: in a container's PID namespace
 * that shows no lock which a process has taken that is gone, as our tool is, nor who waits for it.
 */
const waitersOf = (path: string): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/fd/3`) === path &&
        /^(flock|perl)$/m.test(readFileSync(`/proc/${pid}/comm`, 'utf8')) &&
        stateLetter(Number(pid)) === 'S'
      )
    } catch {
      return false // No process, gone, or another user's.
    }
  }).length

/** Other processes that have it open; the youngest are looked at first, before they can go. */
const othersWith = (path: string): readonly string[] =>
  readdirSync('/proc')
    .reverse()
    .filter((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => {
          try {
            return readlinkSync(`/proc/${pid}/fd/${fd}`) === path
          } catch {
            return false // Closed meanwhile.
          }
        })
      } catch {
        return false // No process, gone, or another user's.
      }
    })

describe('a lock file that is a socket', () => {
  it('is refused', async () => {
    const path = lockPath()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => void server.close())
    const failure = await rejectionOf(tryAcquire(path, 'flock', systemClock, 0))
    expect([74, 77]).toContain(failure.exitCode)
  })
})

describe('a tool that fails', () => {
  const withTool = (script: string): void => {
    const dir = tempDir()
    writeFileSync(join(dir, 'flock'), `#!/bin/sh\n${script}\n`, { mode: 0o700 })
    const before = process.env.PATH
    process.env.PATH = dir
    onTestFinished(() => {
      process.env.PATH = before
    })
  }

  it('is not taken for a lock that is held', async () => {
    const path = lockPath()
    withTool('exit 5')
    const failure = await rejectionOf(tryAcquire(path, 'flock', systemClock, 0))
    expect(failure.code).toBe('missing')
    expect(failure.message).toContain('exit code 5')
  })

  // Every end but 0 reads as "did not get it", so that `--wait` reports a session as held that is free.
  it('is not taken for a lock that is held, when it was to wait', async () => {
    const path = lockPath()
    withTool('exit 5')
    const failure = await rejectionOf(waitAcquire(path, 'flock', never, { seconds: 1000 }))
    expect(failure.code).toBe('missing')
  })

  it('is missing when it is not there', async () => {
    const path = lockPath()
    withTool('exit 0')
    expect((await rejectionOf(tryAcquire(path, 'perl', systemClock, 0))).code).toBe('missing')
  })
})

describe('the choice of a tool', () => {
  const pathWith = (...names: readonly string[]): string => {
    const dir = tempDir()
    for (const name of names) writeFileSync(join(dir, name), '', { mode: 0o700 })
    return `/nowhere::${dir}`
  }

  it.each([
    ['linux', ['flock', 'perl'], 'flock'],
    ['linux', ['perl'], 'perl'],
    ['darwin', ['flock', 'perl'], 'perl'],
    ['darwin', ['flock'], 'flock'],
  ] as const)('on %s with %j is %s', (platform, installed, tool) => {
    expect(chooseLockTool(platform, pathWith(...installed), undefined)).toBe(tool)
  })

  it('can be forced', () => {
    expect(chooseLockTool('linux', pathWith('flock', 'perl'), 'perl')).toBe('perl')
  })

  it.each([
    ['neither is installed', [], undefined, 69],
    ['the forced one is not installed', ['flock'], 'perl', 69],
    ['the forced one does not exist', ['flock'], 'lockf', 64],
  ] as const)('fails when %s', (_, installed, forced, exitCode) => {
    expect(() => chooseLockTool('linux', pathWith(...installed), forced)).toThrow(
      expect.objectContaining({ exitCode }),
    )
  })
})
