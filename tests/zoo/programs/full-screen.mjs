// A full-screen program with a spinner. With `text`: lines of a report appear beside it, one every two seconds.
import { at, BRAILLE, enterFullScreen, mark, nextName, pause } from './lib.mjs'

const hasText = process.argv[2] === 'text'
process.stdin.setRawMode(true)
process.stdin.resume()
enterFullScreen()
if (!hasText) mark()
for (let frame = 0; ; frame += 1) {
  at(1, `${BRAILLE[frame % BRAILLE.length]} Working (${Math.floor(frame / 10)}s)`)
  if (hasText && frame % 20 === 0) at(3 + ((frame / 20) % 18), `wrote chapter ${nextName()}`)
  await pause(0.1)
}
