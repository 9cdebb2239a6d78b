// The same warning ten times a second, and among all that noise the work, every three seconds.
import { nextName, pause, write } from './lib.mjs'

for (let turn = 0; ; turn += 1) {
  write(turn % 30 === 29 ? `linked ${nextName()}\n` : `warning: unused variable 'x' at line ${turn}\n`)
  await pause(0.1)
}
