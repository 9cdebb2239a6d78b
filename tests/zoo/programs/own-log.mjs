// Says nothing to anybody but its own log file.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { nextName, pause } from './lib.mjs'

for (;;) {
  appendFileSync(
    join(process.env.ZOO_SCRATCH, 'own.log'),
    `${new Date().toISOString()} handled ${nextName()}\n`,
  )
  await pause(1.5)
}
