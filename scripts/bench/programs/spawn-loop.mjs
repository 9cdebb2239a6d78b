/** Starts /bin/true so many times, one after the other, and nothing else. */
import { spawn } from 'node:child_process'

for (let left = Number(process.argv[2]); left > 0; left -= 1) {
  await new Promise((resolve) => spawn('/bin/true', { stdio: 'ignore' }).on('close', resolve))
}
