// An event loop with a timer ten times a second, and nothing to do.
import { mark } from './lib.mjs'

console.log('ready')
mark()
setInterval(() => undefined, 100)
