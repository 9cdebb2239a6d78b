// The same failure for ever; each line has a time, a request number in hex and a UUID.
import { randomBytes, randomUUID } from 'node:crypto'
import { mark, pause, write } from './lib.mjs'

for (let turn = 0; ; turn += 1) {
  const request = randomBytes(4).toString('hex')
  write(`${new Date().toISOString()} ERROR request ${request} (trace ${randomUUID()}) timed out\n`)
  if (turn === 0) mark()
  await pause(0.5)
}
