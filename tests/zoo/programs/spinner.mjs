// Spinners on one line. Argument: clock, colours, words or bar.
import { BRAILLE, mark, pause, write } from './lib.mjs'

const WORDS = ['Thinking', 'Pondering', 'Musing', 'Brewing', 'Weaving', 'Sketching']
const clock = (frame) => {
  const seconds = Math.floor(frame / 10)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}
const bounce = (frame) => {
  const position = frame % 38
  const offset = position < 19 ? position : 38 - position
  return `[${' '.repeat(offset)}<=>${' '.repeat(19 - offset)}]`
}

const FRAMES = {
  clock: (frame) => `\r\x1b[2K${BRAILLE[frame % BRAILLE.length]} Installing packages ${clock(frame)}`,
  colours: (frame) => `\r\x1b[38;5;${16 + (frame % 216)}m${'|/-\\'[frame % 4]} resolving\x1b[0m`,
  words: (frame) =>
    `\r\x1b[2K${BRAILLE[frame % BRAILLE.length]} ${WORDS[Math.floor(frame / 7) % WORDS.length]}… (${clock(frame)} · ↑ ${frame * 3} tokens)`,
  bar: (frame) => `\r${bounce(frame)}`,
}
/** Frames until it has hung: of its words one is as good as another. */
const ROUND = { clock: 1, colours: 4, words: 1, bar: 1 }

const kind = process.argv[2]
for (let frame = 0; ; frame += 1) {
  write(FRAMES[kind](frame))
  if (frame === ROUND[kind]) mark()
  await pause(0.1)
}
