import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { tempDir } from './temp-dir.ts'

export const MAY_MOUNT =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0

export type SmallDisk = { readonly dir: string; fill(): void; free(): void }

/** A file system of so many kilobytes, of this test's own. Only where {@link MAY_MOUNT}. */
export const smallDisk = (kilobytes: number): SmallDisk => {
  const dir = tempDir()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=700`, 'tmpfs', dir])
  if (mounted.status !== 0) throw new Error(mounted.stderr.toString())
  onTestFinished(() => {
    spawnSync('umount', ['-l', dir])
  })
  const filling = join(dir, 'filling')
  return {
    dir,
    fill() {
      try {
        for (;;) writeFileSync(filling, Buffer.alloc(4096), { flag: 'a' })
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    },
    free() {
      rmSync(filling)
    },
  }
}
