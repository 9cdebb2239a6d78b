// A test runner that prints a dot for each test. Arguments: columns to a row or 0, milliseconds of work for a dot.
import { pause, write } from './lib.mjs'

const [columns = 0, work = 0] = process.argv.slice(2).map(Number)
for (let count = 1; ; count += 1) {
  const end = performance.now() + work
  while (performance.now() < end);
  write(columns > 0 && count % columns === 0 ? '.\n' : '.')
  await pause(0.15)
}
