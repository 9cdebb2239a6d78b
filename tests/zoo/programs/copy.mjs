// Copies a large file in silence, at 1 MB a second.
import { openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from './lib.mjs'

const CHUNK = Buffer.alloc(100_000)
const from = openSync('/dev/zero', 'r')
const to = openSync(join(process.env.ZOO_SCRATCH, 'copy'), 'w')
for (let chunk = 0; ; chunk += 1) {
  readSync(from, CHUNK)
  // Over and over into the same 5 MB: the machine's disk is not ours.
  writeSync(to, CHUNK, 0, CHUNK.length, (chunk % 50) * CHUNK.length)
  await pause(0.1)
}
