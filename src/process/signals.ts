import type { SendSignal } from '../core/ports.ts'

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/**
 * Signal 0, to a process or (negative) a group. EPERM means that it exists and belongs to another user.
 * On Linux a thread's id exists, too.
 */
export const probe = (pid: number): 'ours' | 'not-ours' | 'none' => {
  try {
    process.kill(pid, 0)
    return 'ours'
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'none' : 'not-ours'
  }
}

export const sendSignal: SendSignal = (pid, signal) => {
  try {
    process.kill(pid, signal)
    return 'sent'
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'gone' : 'denied'
  }
}
