/** How large the terminal is that a process writes to. */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import type { ScreenSize } from '../core/screen-rows.ts'

const TERMINAL = /^\/dev\/(?:pts\/\d+|tty\w*|console)$/
/** That of some other terminal must not become this process's own, nor may a line without a carrier block it. */
const FLAGS = constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK

/** @returns `null` when its standard output is no terminal, or where the system does not show that */
export const terminalSize = (pid: number): ScreenSize | null => {
  let fd: number | undefined
  try {
    const output = `/proc/${pid}/fd/1`
    if (!TERMINAL.test(readlinkSync(output))) return null
    fd = openSync(output, FLAGS)
    const { WriteStream } = process.getBuiltinModule('node:tty')
    const stream = new WriteStream(fd)
    fd = undefined
    stream.on('error', () => undefined)
    const { columns, rows } = stream
    stream.destroy()
    return columns > 0 && rows > 0 ? { columns, rows } : null
  } catch {
    return null
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
