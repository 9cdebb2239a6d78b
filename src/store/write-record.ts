/**
 * Writes `NAME.json`, whole. Only a process that holds the kernel lock may do it, and only while the locked file is the one
 * at the path: when somebody has removed it, another process may hold the lock on a new one and write the same record.
 *
 * Between the look at the lock file and the rename of the new record lie some ten microseconds. What is removed, locked anew
 * and written to by another owner within them gets one old record written over it, and that owner's next write mends it.
 */
import { readdirSync, renameSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errors } from '../core/errors.ts'
import type { LockRecord } from '../core/record.ts'
import { encodeRecord } from '../core/record-file.ts'
import { fileStamp } from '../core/stamp.ts'
import type { HeldLock } from './kernel-lock.ts'
import { replaceFile } from './replace-file.ts'

/** Of a {@link HeldLock}, what a writer needs. */
export type WriteLock = Pick<HeldLock, 'path' | 'loss'>

/** @throws LockError `io` when the lock that makes a write right is lost */
export const checkLock = ({ path, loss }: WriteLock): void => {
  const how = loss()
  if (how !== null) throw errors.lockLost(path, how)
}

/**
 * @param lock held by this process
 * @param durable waits until file and name are on the disk: for a claim, whose generation must never come again
 * @throws LockError `io`
 */
export const writeRecord = (lock: WriteLock, path: string, record: LockRecord, durable: boolean): void => {
  checkLock(lock)
  try {
    replaceFile(path, encodeRecord(record), durable)
  } catch (error) {
    throw errors.io(`the record ${path} could not be written`, error)
  }
}

/** Moves an unreadable record aside, to a name with the time in it. @returns the new path */
export const quarantine = (path: string, epoch: number): string => {
  const aside = `${path}.corrupt-${fileStamp(epoch)}-${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    throw errors.io(`${path} could not be moved aside`, error)
  }
  return aside
}

/** Removes what a killed writer left half-written. Only with the kernel lock held. */
export const removeTemporaryFiles = (path: string): void => {
  const dir = dirname(path)
  const prefix = `${basename(path)}.`
  for (const entry of readdirSync(dir)) {
    // write-file-atomic names its temporary file with a number behind the name.
    if (!entry.startsWith(prefix) || !/^\d+$/.test(entry.slice(prefix.length))) continue
    try {
      unlinkSync(join(dir, entry))
    } catch {
      // Not a file, so not ours; and no reason not to run.
    }
  }
}
