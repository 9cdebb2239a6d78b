// The same failure for ever; its id is of letters and digits in any order.
import { randomBytes } from 'node:crypto'
import { mark, pause, write } from './lib.mjs'

// A digit in the middle, so that chance makes no plain word of it.
const part = () => randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x')
for (let turn = 0; ; turn += 1) {
  write(`overloaded, request req_${part()}7${part()} failed; retrying\n`)
  if (turn === 0) mark()
  await pause(0.5)
}
