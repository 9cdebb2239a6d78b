/** Whether anything that was typed at a process's terminal has been read. */
import { readlinkSync, statSync } from 'node:fs'

const TERMINAL = /^\/dev\/(?:pts\/\d+|tty\w*|console)$/

/**
 * A number that changes when a program has read from the terminal at a process's standard input: the time that the
 * kernel notes for it, in steps of 8 s. What is printed does not change it.
 *
 * @returns `null` without a terminal there, or where the system does not show it
 */
export const terminalInputRead = (pid: number): number | null => {
  try {
    const input = `/proc/${pid}/fd/0`
    return TERMINAL.test(readlinkSync(input)) ? statSync(input).atimeMs : null
  } catch {
    return null
  }
}
