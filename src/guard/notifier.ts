/**
 * Tells `--notify` of an event.
 *
 * Each notice has a process of its own, which outlives guard and owner: neither a heartbeat nor the end of the run waits
 * for a command that hangs. It has neither the lock's descriptor nor the caller's output.
 */
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import type { Notice } from '../core/notice.ts'
import { systemClock } from '../process/clock.ts'
import { systemInspector } from '../process/inspector.ts'
import { runNotify } from '../process/notify.ts'
import { probe, sendSignal } from '../process/signals.ts'
import { type NoticeRequest, notifierCall, SCRIPT_FD } from './protocol.ts'

/** @param onFailure called when the command has failed, while this process lives */
export const startNotifier = (request: NoticeRequest, onFailure: () => void): void => {
  const { args, env, stdio } = notifierCall(request, SCRIPT_FD)
  try {
    const child = spawn(process.execPath, args, {
      cwd: '/',
      env: { ...process.env, ...env },
      stdio,
      detached: true,
    })
    child.on('error', onFailure)
    child.on('exit', (code) => {
      if (code !== 0) onFailure()
    })
    child.unref()
  } catch {
    // No memory, or no descriptor: the run goes on without.
    onFailure()
  }
}

const logFailure = (path: string, { event }: Notice, failure: string): void => {
  try {
    appendFileSync(path, `${new Date().toISOString()} --notify ${failure} (${event})\n`, { mode: 0o600 })
  } catch {
    // The run's directory is gone, or the disk is full: the exit code tells whoever started this.
  }
}

/** What the process of {@link startNotifier} does. @returns its exit code */
export const tellNotice = async (request: NoticeRequest): Promise<number> => {
  const { command, notice, processStrategy, log } = request
  const inspector = await systemInspector(process.platform, processStrategy ?? undefined)
  const ports = { inspector, signal: sendSignal, probe, clock: systemClock, spawn }
  const failure = await runNotify(ports, { command, notice, env: process.env, output: ['ignore', 'ignore'] })
  if (failure === null) return 0
  logFailure(log, notice, failure)
  return 1
}
