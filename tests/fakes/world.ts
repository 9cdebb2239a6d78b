/** A world with a machine in memory and a lock directory of its own on the disk. */

import type { LockRecord } from '../../src/core/record.ts'
import type { RecordFields } from '../../src/core/record-file.ts'
import type { LockTool } from '../../src/store/lock-tool.ts'
import { sessionPaths } from '../../src/store/paths.ts'
import { writeRecord } from '../../src/store/write-record.ts'
import type { World } from '../../src/world.ts'
import { FakeMachine } from './machine.ts'
import { aRecord, HERE } from './records.ts'
import { tempDir } from './temp-dir.ts'

export type FakeWorld = World & { readonly machine: FakeMachine; readonly notified: readonly string[] }

export const fakeWorld = (
  env: Readonly<Record<string, string>> = {},
  machine: FakeMachine = new FakeMachine(),
  lockDir: string = tempDir(),
  lockTool?: LockTool,
): FakeWorld => {
  const notified: string[] = []
  return {
    machine,
    notified,
    env: { LOCK_DIR: lockDir, ...env },
    cwd: '/',
    lockDir,
    clock: machine.clock,
    signal: machine.signal,
    inspector: { ...HERE, ...machine.inspector },
    observer: HERE,
    get lockTool(): LockTool {
      if (lockTool === undefined) throw new Error('nobody locks here')
      return lockTool
    },
    user: 'ann',
    now: () => ({ epoch: machine.clock.epoch(), monotonic: machine.clock.monotonic() }),
    paths: (session) => sessionPaths(lockDir, session),
    notify: (line) => notified.push(line),
  }
}

/** A record whose owner has just beaten. */
export const putRecord = (world: FakeWorld, changes: Partial<RecordFields> = {}): LockRecord => {
  const { epoch, monotonic } = world.now()
  const record = aRecord({ heartbeat_epoch: epoch, heartbeat_monotonic: monotonic, ...changes })
  writeRecord(world.paths('demo').record, record, false)
  return record
}
