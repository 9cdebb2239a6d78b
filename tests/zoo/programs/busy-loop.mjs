// The same in Node, with its other threads asleep.
import { mark } from './lib.mjs'

console.log('parsing')
mark()
for (;;);
