// A bar on one line. It takes a minute to fill.
import { pause, write } from './lib.mjs'

const WIDTH = 60
for (let done = 0; done <= 300; done += 1) {
  const filled = Math.floor((done / 300) * WIDTH)
  write(`\r[${'='.repeat(filled)}>${' '.repeat(WIDTH - filled)}] ${Math.floor(done / 3)}%`)
  await pause(0.2)
}
