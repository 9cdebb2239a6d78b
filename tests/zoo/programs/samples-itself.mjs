// Waits for an answer that does not come, and looks at how much memory it has. Argument: `held` for one open file, `anew` for a file each time.
import { closeSync, openSync, readSync } from 'node:fs'
import { connect } from 'node:net'
import { mark, server } from './lib.mjs'

const buffer = Buffer.alloc(4096)
const held = process.argv[2] === 'held' ? openSync('/proc/self/statm', 'r') : null
const look = () => {
  const fd = held ?? openSync('/proc/self/status', 'r')
  readSync(fd, buffer, 0, buffer.length, 0)
  if (held === null) closeSync(fd)
}
connect(Number(new URL(server('never')).port), '127.0.0.1', mark)
setInterval(look, 500)
