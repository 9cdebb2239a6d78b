import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A private directory of this test's own, removed afterwards. */
export const tempDir = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'session-lock-test-')))
  chmodSync(dir, 0o700)
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
