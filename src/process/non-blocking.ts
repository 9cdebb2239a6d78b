import { constants, fstatSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The terminal's own file: macOS has no other path that leads to it. */
const terminalPath = (rdev: number): string | undefined =>
  readdirSync('/dev')
    .filter((name) => name.startsWith('tty'))
    .map((name) => join('/dev', name))
    .find((path) => statSync(path).rdev === rdev)

/**
 * Opens what a descriptor leads to once more, for writes that never wait. A description of its own, so that what is made
 * non-blocking is nobody else's too.
 *
 * @returns `null` where a write never waits, as for a file, or where there is no way to get one
 */
export const openNonBlocking = (fd: number, platform: string): number | null => {
  try {
    const stats = fstatSync(fd)
    if (!stats.isCharacterDevice() && !stats.isFIFO()) return null
    const path = platform === 'linux' ? `/proc/self/fd/${fd}` : terminalPath(stats.rdev)
    if (path === undefined || (platform !== 'linux' && stats.isFIFO())) return null
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return null
  }
}
