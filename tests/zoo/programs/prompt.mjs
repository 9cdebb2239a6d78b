// A full-screen program that has done its work and waits for the next order, in raw mode. Arguments: `blinks` for a cursor of its own, `wakes` for threads that
// wake each other, `logs` for one that works on in silence.
import { appendFileSync, stat } from 'node:fs'
import { join } from 'node:path'
import { enterFullScreen, mark, nextName, write } from './lib.mjs'

const how = process.argv.slice(2)
process.stdin.setRawMode(true)
process.stdin.on('data', (key) => {
  if (key[0] === 3) process.exit(0)
})
enterFullScreen()
write('Done in 12s.\r\n\r\n> ')
mark()
let isShown = false
if (how.includes('blinks')) {
  setInterval(() => {
    isShown = !isShown
    write(`\x1b[3;3H${isShown ? '█' : ' '}`)
  }, 530)
}
if (how.includes('wakes')) setInterval(() => stat('/', () => undefined), 600)
if (how.includes('logs')) {
  setInterval(() => appendFileSync(join(process.env.ZOO_SCRATCH, 'log'), `handled ${nextName()}\n`), 900)
}
