// A download with a display that has no words, as of curl(1): sizes, a speed and a clock. Argument: what the server does.
import { appendFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { mark, pause, server, write } from './lib.mjs'

let bytes = 0
get(server(process.argv[2]), (answer) =>
  answer.on('data', (part) => {
    bytes += part.length
    appendFileSync(join(process.env.ZOO_SCRATCH, 'download'), part)
  }),
)
if (process.argv[2] === 'never') mark()
for (let second = 0; ; second += 1) {
  const clock = `0:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`
  write(
    `\r100 ${String(bytes).padStart(6)}    0 ${String(bytes).padStart(6)}    0     0   4664 --:--:--  ${clock} --:--:--`,
  )
  await pause(1)
}
