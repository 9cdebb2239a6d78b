// The same refusal for ever; each line has a token in base64, which may have a slash in it or look like words.
import { randomBytes } from 'node:crypto'
import { mark, pause, write } from './lib.mjs'

for (let turn = 0; ; turn += 1) {
  write(`401 Unauthorized: token ${randomBytes(24).toString('base64')} was rejected, trying again\n`)
  if (turn === 0) mark()
  await pause(0.1)
}
