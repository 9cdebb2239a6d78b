// Shared by the programs of the zoo that are written for Node. ZOO_MARK and ZOO_SERVER come from the harness.
import { writeFileSync } from 'node:fs'

const WORDS =
  'anchor basil cedar delta ember fjord garnet harbor indigo jasper kelp lagoon maple nectar opal pepper quartz raven saffron tundra umber violet willow yarrow'.split(
    ' ',
  )
let given = 0

/** The hang begins now. An empty file: no byte is written. */
export const mark = () => writeFileSync(process.env.ZOO_MARK, '')

/** Never the same twice in the life of a scenario, and it has no digits. */
export const nextName = () => {
  const name = `${WORDS[given % WORDS.length]}_${WORDS[Math.floor(given / WORDS.length) % WORDS.length]}`
  given += 1
  return name
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

export const write = (text) => process.stdout.write(text)

export const server = (path) => `${process.env.ZOO_SERVER}/${path}`

export const BRAILLE = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏']

const CLEAR = '\x1b[2J'
const ALTERNATE_SCREEN = '\x1b[?1049h\x1b[?25l'
export const enterFullScreen = () => write(`${ALTERNATE_SCREEN}${CLEAR}`)

/** Text at a place of the screen, with the rest of its line cleared. */
export const at = (row, text) => write(`\x1b[${row};1H${text}\x1b[K`)
