// An agent: a spinner with a clock for five seconds, then a paragraph, and again.
import { nextName, pause, write } from './lib.mjs'

const STARS = [...'·✢✳✶✻✽']
for (;;) {
  for (let frame = 0; frame < 50; frame += 1) {
    write(`\r\x1b[2K${STARS[frame % STARS.length]} Thinking… (${Math.floor(frame / 10)}s · esc to interrupt)`)
    await pause(0.1)
  }
  write(`\r\x1b[2KI have looked at ${nextName()} and will now change ${nextName()}.\n`)
}
