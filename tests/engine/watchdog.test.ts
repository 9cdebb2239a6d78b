/** The watchdog's shell, with real processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Watchdog } from '../../src/engine/watchdog.ts'
import type { GuardConfig } from '../../src/guard/protocol.ts'
import type { World } from '../../src/world.ts'
import { start, stateLetter } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'
import { tempDir } from '../fakes/temp-dir.ts'

const COOKIE = '5c70e4ac-9a47-4175-85b1-223fa84f94b0'

/** As JSON with one space is written, which is what the shell reads. */
const recordText = (ended: { readonly reason: string } | null): string =>
  JSON.stringify({ cookie: COOKIE, ended }, null, 1)

describe.skipIf(process.platform !== 'linux')(
  'a watchdog whose owner is killed behind the record of the end',
  () => {
    it('continues a guard that is stopped, and ends', async () => {
      const record = join(tempDir(), 's.json')
      writeFileSync(record, recordText({ reason: 'completed' }))
      const guard = start('sleep', ['1000'])
      process.kill(guard.pid, 'SIGSTOP')
      await eventually('it is stopped', () => stateLetter(guard.pid) === 'T')
      let shell: ChildProcess | undefined
      const world = {
        env: process.env,
        clock: { monotonic: () => performance.now() / 1000, sleep: async () => undefined },
        self: { execPath: process.execPath },
        paths: () => ({ record }),
        notify: () => undefined,
        spawn: (...args: Parameters<typeof spawn>) => {
          shell = spawn(...args)
          return shell
        },
      } as unknown as World
      const config = { session: 's', known: { cookie: COOKIE } } as unknown as GuardConfig
      const inherited = { script: openSync('/dev/null', 'r'), readers: [], locks: [] }
      const watchdog = new Watchdog(
        world,
        inherited,
        () => config,
        () => undefined,
      )
      watchdog.start()
      watchdog.tellGuard(guard.pid)
      const exited = once(shell as ChildProcess, 'exit')
      // What an owner leaves that is killed before it says `end`.
      shell?.stdin?.end()
      // Otherwise another one would be started.
      void exited.then(() => watchdog.end())
      expect(await exited).toEqual([0, null])
      await eventually('the guard goes on', () => stateLetter(guard.pid) === 'S')
    })
  },
)
