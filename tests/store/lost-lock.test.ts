/** What is written only with the kernel lock held is not written when somebody has taken its file away. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { appendHistory } from '../../src/store/history.ts'
import { sessionPaths } from '../../src/store/paths.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import { failureOf } from '../fakes/failure.ts'
import { anEvent } from '../fakes/history.ts'
import { holdLock } from '../fakes/lock.ts'
import { aRecord } from '../fakes/records.ts'
import { tempDir } from '../fakes/temp-dir.ts'

describe('a lock that is lost', () => {
  it.each([
    ['removed', () => undefined],
    ['replaced', (path: string) => writeFileSync(path, '')],
  ] as const)('keeps record and history from being written: %s', async (how, then) => {
    const paths = sessionPaths(tempDir(), 'demo')
    mkdirSync(paths.home)
    const lock = await holdLock(paths.lock)
    onTestFinished(() => lock.release())
    rmSync(paths.lock)
    then(paths.lock)
    for (const write of [
      () => writeRecord(lock, paths.record, aRecord(), true),
      () => appendHistory(lock, paths, anEvent()),
    ]) {
      const failure = failureOf(write)
      expect(failure.exitCode).toBe(74)
      expect(failure.message).toContain(`${paths.lock} was ${how}`)
    }
    expect([paths.record, paths.history].filter((path) => existsSync(path))).toEqual([])
  })
})
