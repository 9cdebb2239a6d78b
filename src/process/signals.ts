import type { ProbeProcess, SendSignal } from '../core/ports.ts'
import { hasCode } from '../core/system-error.ts'

/**
 * Signal 0, to a process or (negative) a group. EPERM means that it exists and belongs to another user.
 * On Linux a thread's id exists, too.
 */
export const probe: ProbeProcess = (pid) => {
  try {
    process.kill(pid, 0)
    return 'ours'
  } catch (error) {
    return hasCode(error, 'ESRCH') ? 'none' : 'not-ours'
  }
}

export const sendSignal: SendSignal = (pid, signal) => {
  try {
    process.kill(pid, signal)
    return 'sent'
  } catch (error) {
    return hasCode(error, 'ESRCH') ? 'gone' : 'denied'
  }
}
