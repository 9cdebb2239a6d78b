// A menu that waits for a key in an event loop: no process is in a read.
import { at, enterFullScreen, mark } from './lib.mjs'

process.stdin.setRawMode(true)
process.stdin.on('data', () => process.exit(0))
enterFullScreen()
at(1, 'Allow this command?')
at(2, '❯ 1. Yes')
at(3, '  2. No')
mark()
