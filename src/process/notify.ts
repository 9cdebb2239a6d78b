/** Runs the command of `--notify` once, for one notice. */
import { existsSync } from 'node:fs'
import { type Notice, noticeEnvironment } from '../core/notice.ts'
import { printable } from '../core/printable.ts'
import { type Hook, type HookPorts, runHook } from './hook.ts'

export const NOTIFY_SECONDS = 30
/** Of these, between TERM and KILL. */
const GRACE_SECONDS = 2

export type NotifyRequest = {
  /** For `sh -c`. */
  readonly command: string
  readonly notice: Notice
  readonly env: Hook['env']
  readonly output: Hook['output']
}

/** @returns why it has failed, to follow the command's name in a sentence; `null` when it has not */
export const runNotify = async (
  ports: HookPorts,
  { command, notice, env, output }: NotifyRequest,
): Promise<string | null> => {
  const end = await runHook(ports, {
    command,
    // A run whose directory is gone has to say so too.
    cwd: existsSync(notice.cwd) ? notice.cwd : '/',
    env: { ...env, ...noticeEnvironment(notice) },
    input: `${JSON.stringify(notice)}\n`,
    output,
    limitSeconds: NOTIFY_SECONDS - GRACE_SECONDS,
    graceSeconds: GRACE_SECONDS,
    giveUp: new AbortController().signal,
    killNow: new AbortController().signal,
  })
  switch (end.kind) {
    case 'exited':
      return end.exitCode === 0 ? null : `ended with exit code ${end.exitCode}`
    case 'killed':
      return `was killed (${end.signal})`
    case 'late':
    case 'given-up':
      return `has not ended within ${NOTIFY_SECONDS}s and was ended`
    case 'not-started':
      return `cannot be run (${printable(end.reason)})`
  }
}
