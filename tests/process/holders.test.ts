import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { holdersOf } from '../../src/process/holders.ts'
import { systemInspector } from '../../src/process/inspector.ts'
import { program, startReady } from '../fakes/children.ts'
import { tempDir } from '../fakes/temp-dir.ts'

// By ps: with lsof, or without it as by procfs.
describe.skipIf(process.platform !== 'linux').each(['procfs', 'ps'])(
  'who has a file open, by %s',
  async (strategy) => {
    const inspector = await systemInspector(process.platform, strategy)

    it('is named with pid and name', async () => {
      const path = join(tempDir(), 'demo.lock')
      writeFileSync(path, '')
      const holder = await startReady(process.execPath, [program('hold-lock.mjs'), path])
      expect(holdersOf(path, inspector)).toEqual([
        { pid: holder.pid, name: expect.stringMatching(/node|Main/) },
      ])
    })

    it('is nobody for a file that nobody has open, and for none', () => {
      const dir = mkdtempSync(join(tempDir(), 'x'))
      writeFileSync(join(dir, 'demo.lock'), '')
      expect(holdersOf(join(dir, 'demo.lock'), inspector)).toEqual([])
      expect(holdersOf(join(dir, 'missing.lock'), inspector)).toEqual([])
    })
  },
)
