// A percentage on one line and no more: two digits are all that ever changes.
import { pause, write } from './lib.mjs'

for (let percent = 1; percent <= 100; percent += 1) {
  write(`\r ${percent}%`)
  await pause(0.4)
}
