// The same failure for ever, as a structured log.
import { mark, pause, write } from './lib.mjs'

for (let attempt = 1; ; attempt += 1) {
  const time = new Date().toISOString()
  write(
    `${JSON.stringify({ time, level: 'error', attempt, error: 'ECONNREFUSED', wait_ms: 100 * attempt })}\n`,
  )
  if (attempt === 1) mark()
  await pause(0.4)
}
