// A spinner that takes another phrase from a list of 130 every 0.1 s. Argument: `beside-text` for an answer that is written below it, `done` for what it really does.
import { BRAILLE, enterFullScreen, mark, nextName, pause, write } from './lib.mjs'

const NOUNS =
  'parser lexer buffer socket thread ledger catalog kernel driver router schema cursor bundle'.split(' ')
const VERBS = 'Pondering Tuning Asking Waking Feeding Counting Folding Chasing Painting Herding'.split(' ')
const PHRASES = VERBS.flatMap((verb) => NOUNS.map((noun) => `${verb} the ${noun}`))

const kind = process.argv[2] ?? 'alone'
const answer = []
let phrase = ''
if (kind === 'beside-text') enterFullScreen()
mark()
for (let frame = 0; ; frame += 1) {
  const seconds = Math.floor(frame / 20)
  const glyph = BRAILLE[frame % BRAILLE.length]
  if (frame % 2 === 0) {
    phrase = kind === 'done' ? `Linking ${nextName()}` : PHRASES[Math.floor(Math.random() * PHRASES.length)]
  }
  const status = `${glyph} ${phrase}… (esc to cancel, ${seconds}s)`
  if (kind === 'beside-text') {
    if (frame % 40 === 0) answer.push(nextName())
    write(
      `\x1b[2J\x1b[H${answer
        .slice(-12)
        .map((name) => `The file ${name} has to be changed.`)
        .join('\r\n')}\r\n\r\n${status}`,
    )
  } else write(`\r\x1b[2K${status}`)
  await pause(0.05)
}
