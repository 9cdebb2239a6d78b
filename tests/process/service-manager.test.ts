import { closeSync, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { takeServiceManager, tellManager } from '../../src/process/service-manager.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const NAMES = ['LOCK_NOTIFY_FD', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']

/** A descriptor of a connected socket. */
const socketFd = async (): Promise<number> => {
  const path = join(tempDir(), 'socket')
  const server = createServer().listen(path)
  const socket = connect(path)
  await new Promise((resolve) => socket.once('connect', resolve))
  server.unref()
  socket.unref()
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd
}

describe('what tells a service manager', () => {
  it('is there with its socket, and its variables are gone', async () => {
    const fd = await socketFd()
    const env = {
      LOCK_NOTIFY_FD: String(fd),
      WATCHDOG_USEC: '30000000',
      WATCHDOG_PID: String(process.pid),
      PATH: '/bin',
    }
    expect(takeServiceManager(env)).toEqual({ fd, watchdogSeconds: 30 })
    expect(env).toEqual({ PATH: '/bin' })
  })

  it.each([
    // No process has that number, on any system.
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(2 ** 30) }, null],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.ppid) }, 30],
    [{ WATCHDOG_USEC: '30000000' }, 30],
    [{ WATCHDOG_USEC: '0' }, null],
    [{ WATCHDOG_USEC: '-1' }, null],
    [{ WATCHDOG_USEC: 'soon' }, null],
    [{}, null],
  ])('with %j has a watchdog of %s seconds', async (env, seconds) => {
    const fd = await socketFd()
    expect(takeServiceManager({ LOCK_NOTIFY_FD: String(fd), ...env })?.watchdogSeconds).toBe(seconds)
  })

  it('is not there without a socket, and leaves alone what is meant for somebody else', () => {
    const others = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1' }
    expect(takeServiceManager(others)).toBeNull()
    expect(Object.keys(others)).toEqual(['NOTIFY_SOCKET', 'WATCHDOG_USEC'])
    const file = openSync('/dev/null', 'r')
    for (const fd of [String(file), '99999', '-1', 'x', '']) {
      const env: Record<string, string | undefined> = { LOCK_NOTIFY_FD: fd, NOTIFY_SOCKET: '/run/x' }
      expect(takeServiceManager(env)).toBeNull()
      for (const name of NAMES) expect(env).not.toHaveProperty(name)
    }
    closeSync(file)
  })

  it('goes on when nobody listens any more', () => {
    expect(() => tellManager({ fd: 99_999 }, ['WATCHDOG=1'])).not.toThrow()
  })
})
