/**
 * The lock under test, through its modules, and three ways of locking that are known to break, in which the harness
 * has to find what it looks for. Each of the three is written as it is usually found, not as a caricature.
 */
import { readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import lockfile from 'proper-lockfile'
import { LockError } from '../../../src/core/errors.ts'
import { claim } from '../../../src/engine/claim.ts'
import { readRecord } from '../../../src/store/read-record.ts'
import { realWorld } from '../../../src/world.ts'

export type Tenure = {
  readonly generation: number
  begin(iteration: number): void
  /** Whether what the owner has written is still what is there. */
  isIntact(iteration: number): boolean
  release(): void | Promise<void>
}

/** @returns `null` when it did not get the lock this time */
type Acquire = (dir: string) => Promise<Tenure | null>

export const SESSION = 't'

/** Long enough for a place in the kernel's queue, short enough to come back to the polling now and then. */
const WAIT_SECONDS = 5

const sessionLock: Acquire = async () => {
  const world = await realWorld(() => undefined)
  const request = {
    name: SESSION,
    command: ['torture'],
    cwd: '/',
    iterations: null,
    options: { grace: 0.3, stale_after: 0.6, heartbeat_interval: 0.1 },
    force: false,
    resume: false,
    fresh: true,
    waitSeconds: Math.random() < 0.9 ? WAIT_SECONDS : undefined,
  }
  try {
    const { owner } = await claim(world, request, null, new AbortController().signal)
    const { generation } = owner.record
    return {
      generation,
      begin: (number) => owner.write({ phase: 'running', iteration: { ...owner.record.iteration, number } }),
      isIntact(iteration) {
        const stored = readRecord(world.paths(SESSION).record, SESSION)
        if (stored.kind !== 'record') return false
        const { record } = stored
        return (
          record.generation === generation &&
          record.owner.pid === process.pid &&
          record.iteration.number === iteration
        )
      },
      release: () => owner.end({ reason: 'completed', exit_code: 0 }),
    }
  } catch (error) {
    if (error instanceof LockError && error.code === 'held') return null
    throw error
  }
}

/** Taken inside the lock, as a fencing token would be: two owners at a time get the same, or lose one. */
const counted = (dir: string, release: () => void | Promise<void>): Tenure => {
  const file = join(dir, 'counter')
  let generation = 1
  try {
    generation = Number(readFileSync(file, 'utf8')) + 1
  } catch {
    // The first.
  }
  let written = `${generation}`
  // Whole or not at all: a kill in the middle is not what this is to find.
  writeFileSync(`${file}.${process.pid}`, written)
  renameSync(`${file}.${process.pid}`, file)
  return {
    generation,
    begin: () => undefined,
    isIntact() {
      const found = readFileSync(file, 'utf8')
      const intact = found === written
      // Once is enough for each that was lost.
      written = found
      return intact
    },
    release,
  }
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const readPid = (file: string): number | null => {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10)
  } catch {
    return null
  }
}

const remove = (file: string): void => {
  try {
    unlinkSync(file)
  } catch {
    // Somebody else has.
  }
}

/** `[ -f pid ] && kill -0 $(cat pid) || echo $$ > pid` */
const pidFile: Acquire = async (dir) => {
  const file = join(dir, 'pid')
  const pid = readPid(file)
  if (pid !== null && isThere(pid)) return null
  writeFileSync(file, String(process.pid))
  return counted(dir, () => remove(file))
}

/** Its maker is dead, or has died before it could write its PID. */
const isStale = (file: string): boolean => {
  const pid = readPid(file)
  if (pid === null) return false
  if (!Number.isNaN(pid)) return !isThere(pid)
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < Date.now() - 1000
}

/** A file that only one can make; a stale one is removed. */
const exclusiveFile: Acquire = async (dir) => {
  const file = join(dir, 'exclusive')
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return counted(dir, () => remove(file))
  } catch {
    if (isStale(file)) remove(file)
    return null
  }
}

/** With the shortest times that it takes, so that a killed owner costs the harness no more than two seconds. */
const properLockfile: Acquire = async (dir) => {
  try {
    const release = await lockfile.lock(dir, { lockfilePath: join(dir, 'proper'), stale: 2000, update: 1000 })
    return counted(dir, () => release().catch(() => undefined))
  } catch {
    return null
  }
}

/** Excludes nobody: what a witness has to see at once. */
const none: Acquire = async (dir) => counted(dir, () => undefined)

export const PROTOCOLS = {
  'session-lock': sessionLock,
  'pid-file': pidFile,
  'exclusive-file': exclusiveFile,
  'proper-lockfile': properLockfile,
  none,
} as const

export type Protocol = keyof typeof PROTOCOLS
