// Redraws a whole list twice a second, of which a line changes every three seconds.
import { at, enterFullScreen, nextName, pause } from './lib.mjs'

const rows = Array.from({ length: 12 }, nextName)
enterFullScreen()
for (let turn = 1; ; turn += 1) {
  if (turn % 6 === 0) rows[(turn / 6) % rows.length] = nextName()
  rows.forEach((row, index) => {
    at(index + 1, `task ${index + 1}: ${row}`)
  })
  await pause(0.5)
}
