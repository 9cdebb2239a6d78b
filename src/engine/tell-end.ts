/**
 * Tells `--notify` that a run has ended. The owner does it itself, when the session is free: its guard may have died, and
 * nobody waits for a command that hangs.
 */

import type { RunEnd } from '../core/loop/decide.ts'
import { noticeOf, noticeOfEnd } from '../core/notice.ts'
import type { LockRecord } from '../core/record.ts'
import { messageOf } from '../core/system-error.ts'
import { notifierCall } from '../guard/protocol.ts'
import type { World } from '../world.ts'
import { helperEnvironment } from './helper-environment.ts'

/** @param end of the run, which a run that has lost its lock has written nowhere @param script the compiled guard, open */
export const tellEnd = (world: World, record: LockRecord, end: RunEnd, script: number): void => {
  const { options, session, generation } = record
  if (options.notify === null) return
  const { reason, exitCode: exit_code, detail } = end
  const parts = noticeOfEnd(record, { reason, exit_code, ...(detail === null ? {} : { detail }) })
  const request = {
    command: options.notify,
    notice: noticeOf(record, world.lockDir, world.clock.epoch(), parts),
    processStrategy: world.env.LOCK_PROCESS_STRATEGY ?? null,
    log: world.paths(session).notifyLog(generation),
  }
  const { args, env, stdio } = notifierCall(request, script)
  const failed = (error: unknown): void =>
    world.notify(`--notify could not be started (${messageOf(error)}): the end of this run is told to nobody`)
  try {
    const child = world.spawn(world.self.execPath, args, {
      cwd: '/',
      env: { ...helperEnvironment(world.env), ...env },
      stdio,
      detached: true,
    })
    child.on('error', failed)
    child.unref()
  } catch (error) {
    failed(error)
  }
}
