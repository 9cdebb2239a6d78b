// So many of so many. Argument: `line` for a line each, `\r` on one line without it.
import { pause, write } from './lib.mjs'

const TOTAL = 400
for (let done = 1; done <= TOTAL; done += 1) {
  write(
    process.argv[2] === 'line' ? `[${String(done).padStart(3)}/${TOTAL}] ok\n` : `\r${done}/${TOTAL} tests`,
  )
  await pause(0.25)
}
