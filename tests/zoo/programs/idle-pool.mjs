// Four workers that wait for tasks which never come; each looks four times a second.
import { fork } from 'node:child_process'
import { mark } from './lib.mjs'

if (process.argv[2] === undefined) {
  for (let n = 0; n < 4; n += 1) fork(process.argv[1], ['worker'])
  console.log('four workers')
  setTimeout(mark, 1000)
} else {
  setInterval(() => undefined, 250)
  process.on('message', () => undefined)
}
