// Hangs; now and then something in it reads and writes a little.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mark, pause } from './lib.mjs'

mark()
for (;;) {
  await pause(5.5)
  appendFileSync(join(process.env.ZOO_SCRATCH, 'queue'), readFileSync('/proc/self/limits').subarray(0, 88))
}
