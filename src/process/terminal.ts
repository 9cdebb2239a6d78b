import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import type { Terminal } from '../core/ports.ts'

/**
 * Whether the descriptor is a terminal. `process.stdout` costs 4 ms when it is first touched, and `node:tty` brings all of
 * node:net with it: it is loaded only when the descriptor can be one.
 */
export const isTerminal = (fd: number): boolean => {
  try {
    const stats = fstatSync(fd)
    if (!stats.isCharacterDevice() || stats.rdev === statSync('/dev/null').rdev) return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false // Closed.
  }
}

let hasOne: boolean | undefined

/** Of this process, whatever its standard streams are: without one a terminal among them is somebody else's. */
const hasControllingTerminal = (): boolean => {
  if (hasOne !== undefined) return hasOne
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY))
    hasOne = true
  } catch {
    hasOne = false
  }
  return hasOne
}

export const standardStreams: Terminal = {
  isTerminal: (fd) => isTerminal(fd) && hasControllingTerminal(),
  size: () => (process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : null),
}
