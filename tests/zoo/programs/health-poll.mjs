// Asks a server every second whether it is ready, in silence. It never is.
import { mark, pause, server } from './lib.mjs'

mark()
for (;;) {
  await (await fetch(server('not-ready'))).text()
  await pause(1)
}
