/** Tells systemd of a service; see sd_notify(3). scripts/service-manager.bash has made the socket. */
import { fstatSync, writeSync } from 'node:fs'
import type { ServiceManager } from '../core/ports.ts'

const FD_VARIABLE = 'LOCK_NOTIFY_FD'
const MICROSECONDS = 1e6

const isSocket = (fd: number): boolean => {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}

/** `null` when there is none, or it watches another process. */
const watchdogOf = ({ WATCHDOG_USEC: time = '', WATCHDOG_PID: pid }: Environment): number | null => {
  if (!/^[1-9]\d{0,14}$/.test(time)) return null
  const isOurs = pid === undefined || [process.pid, process.ppid].some((known) => String(known) === pid)
  return isOurs ? Number(time) / MICROSECONDS : null
}

type Environment = Record<string, string | undefined>

/** What is meant for this process alone is taken out of `env`: a worker that told systemd would tell it of the service. */
export const takeServiceManager = (env: Environment): ServiceManager | null => {
  const text = env[FD_VARIABLE]
  if (text === undefined) return null
  const watchdogSeconds = watchdogOf(env)
  for (const name of [FD_VARIABLE, 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  const fd = /^\d{1,6}$/.test(text) ? Number(text) : -1
  return isSocket(fd) ? { fd, watchdogSeconds } : null
}

/** @param lines as `READY=1` */
export const tellManager = ({ fd }: Pick<ServiceManager, 'fd'>, lines: readonly string[]): void => {
  try {
    writeSync(fd, lines.join('\n'))
  } catch {
    // systemd is restarted, or has no room: the next beat comes soon, and a run does not end for that.
  }
}
