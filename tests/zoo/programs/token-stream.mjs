// Words as a language model streams them: no end of line, ever.
import { nextName, pause, write } from './lib.mjs'

for (;;) {
  write(`${nextName().replace('_', ' ')} `)
  await pause(0.2)
}
