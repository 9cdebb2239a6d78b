// The same failure for ever, each time with another host's name in it.
import { mark, nextName, pause, write } from './lib.mjs'

mark()
for (;;) {
  write(`cannot reach ${nextName()}, trying the next\n`)
  await pause(0.5)
}
