// Gets so far and starts over. Argument: `percent`, a download that breaks at 30 %; `attempts`, three tries again and again.
import { mark, pause, write } from './lib.mjs'

const ROUNDS = {
  async percent() {
    for (let percent = 0; percent <= 30; percent += 3) {
      write(`\rDownloading disk.iso ${percent}%`)
      await pause(0.12)
    }
    write('\nconnection reset by peer, starting over\n')
  },
  async attempts() {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      write(`[${attempt}/3] push rejected\n`)
      await pause(0.3)
    }
  },
}
await ROUNDS[process.argv[2]]()
mark()
for (;;) await ROUNDS[process.argv[2]]()
