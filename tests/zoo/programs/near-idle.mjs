// Waits, and its timers take about as much of a processor as idling may.
import { mark, pause } from './lib.mjs'

mark()
for (let turn = 0; ; turn += 1) {
  const end = performance.now() + (turn % 2 === 0 ? 12 : 24)
  while (performance.now() < end);
  await pause(0.5)
}
