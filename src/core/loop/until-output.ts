/**
 * `--until-output TEXT`: whether a worker has printed a line that is TEXT. Pure, with a bounded memory.
 *
 * Colours, white space and boxes around it are aside, on both sides. What the worker was given is not its own word, and a
 * program that shows its prompt prints it. A line is taken for such an echo when it stands where the given text has it:
 * the line printed before it ends with the words that are before TEXT in the given text, or TEXT begins the given text
 * and the next line goes on as it does. So a prompt may be shown wrapped, in a box, or behind a prompt sign. A word of the
 * command line that is TEXT and nothing else, as in `agent --promise DONE`, has no such place, and makes nothing an echo.
 */
import { TerminalLines, withoutBox } from './terminal-lines.ts'

/** Of a longer line its end is enough to know its place by. */
const CONTEXT_CHARACTERS = 40
const PROMPT_SIGN = /^(?:[>❯›»$%#]\s)+/u

/** The TEXT to look for, as lines are compared; `''` when nothing is left of it. */
export const comparableText = (text: string): string => withoutBox(text)

/** biome-ignore-start lint/suspicious/noControlCharactersInRegex: terminal output is full of them */
/** What a terminal does not show, and may stand between two characters of a word: colours, titles, links. */
const UNSEEN = [
  '\\x1b\\[[0-?]*[ -/]*[@-~]',
  '\\x1b[\\]PX^_][^\\x07\\x1b\\n]*(?:\\x07|\\x1b\\\\)',
  '\\x1b[ -/]*[0-OQ-WYZ\\\\`a-~]',
  '[\\x00-\\x07\\x0e-\\x1a\\x1c-\\x1f\\x7f\\u200b\\ufe0e\\ufe0f]',
].join('|')
/** Takes characters back, which may make a word of what is none. */
const TAKES_BACK = /[\b]|\x1b\[\d*D/
/** biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above */

/** A piece that is shorter is not worth the question. */
const DULL_CHARACTERS = 1024

/** The longest word of a text, whatever a terminal does not show in between. */
const longestWord = (text: string): RegExp => {
  const longest = text.split(' ').reduce((best, word) => (word.length > best.length ? word : best), '')
  const characters = [...longest].map((character) => character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&'))
  return new RegExp(characters.join(`(?:${UNSEEN})*`), 'u')
}

const flat = (text: string): string =>
  text
    .split('\n')
    .map(withoutBox)
    .filter((line) => line !== '')
    .join(' ')

const hasWords = (text: string, words: string): boolean => ` ${text} `.includes(` ${words} `)

export type Given = {
  readonly command: readonly string[]
  /** What it reads from its standard input, as far as that is known. */
  readonly stdin: string | null
}

/** A line that is TEXT. Times are on the clock of whoever pushes. */
export type Sighting = {
  /** When its first character came, and its end. */
  readonly began: number
  readonly ended: number
  /** When the last character before it came. */
  readonly quietSince: number
  /** Where in the output the piece begins that its first character came in. */
  readonly fromByte: number
}

export class UntilOutput {
  readonly #text: string
  /** The given texts that have TEXT in them, each as one line. */
  readonly #given: readonly string[]
  /** All that the standard input has is TEXT: the first line that is TEXT may be its echo. */
  readonly #isWholeStdin: boolean
  readonly #onSight: (sighting: Sighting) => void
  readonly #word: RegExp
  readonly #lines = new TerminalLines(
    (line) => this.#line(line),
    (held, piece) => this.#isDull(held, piece),
  )
  #previous: string | null = null
  /** TEXT was printed, and the next line tells whether it is the beginning of a given text. */
  #pending: Sighting | null = null
  #hasPrinted = false
  #began = 0
  #quietSince = 0
  #fromByte = 0
  #now = 0
  #position = 0

  /** @param onSight called for each line that counts */
  constructor(text: string, { command, stdin }: Given, onSight: (sighting: Sighting) => void) {
    this.#text = comparableText(text)
    this.#word = longestWord(this.#text)
    const given = [...command, stdin ?? ''].map(flat)
    this.#given = given.filter((one) => one !== this.#text && hasWords(one, this.#text))
    this.#isWholeStdin = stdin !== null && flat(stdin) === this.#text
    this.#onSight = onSight
  }

  /**
   * @param now on a clock of the caller, which the sightings are in
   * @param position of the piece in the output, in bytes
   */
  push(bytes: Uint8Array, now: number, position: number): void {
    if (this.#lines.isAtStart) {
      this.#began = now
      this.#quietSince = this.#now
      this.#fromByte = position
    }
    this.#position = position
    this.#now = now
    this.#lines.push(bytes)
  }

  end(): void {
    this.#lines.end()
    this.#settle(null)
  }

  /** Nearly all that is printed; to take it apart into lines would cost a hundred times as much. */
  #isDull(held: string, piece: string): boolean {
    if (piece.length < DULL_CHARACTERS || this.#pending !== null) return false
    return !TAKES_BACK.test(piece) && !this.#word.test(held + piece)
  }

  #line(line: string | null): void {
    this.#settle(line)
    if (line === this.#text) this.#textLine(this.#sighting())
    this.#previous = line
    this.#hasPrinted = true
    // What else is in this piece began with it.
    this.#began = this.#now
    this.#quietSince = this.#now
    this.#fromByte = this.#position
  }

  #sighting(): Sighting {
    return {
      began: this.#began,
      ended: this.#now,
      quietSince: this.#quietSince,
      fromByte: this.#fromByte,
    }
  }

  /** The line after one that may be the beginning of a given text. */
  #settle(next: string | null): void {
    const pending = this.#pending
    this.#pending = null
    if (pending === null) return
    const begins = `${this.#text} ${(next ?? '').slice(0, CONTEXT_CHARACTERS)}`
    const isEcho = next !== null && this.#given.some((given) => given.startsWith(begins))
    if (!isEcho) this.#onSight(pending)
  }

  #textLine(sighting: Sighting): void {
    if (this.#isWholeStdin && !this.#hasPrinted) return
    if (this.#isEchoAfter(this.#previous)) return
    if (this.#given.some((given) => given.startsWith(`${this.#text} `))) this.#pending = sighting
    else this.#onSight(sighting)
  }

  #isEchoAfter(previous: string | null): boolean {
    const line = (previous ?? '').replace(PROMPT_SIGN, '')
    if (line === '') return false
    const isCut = line.length > CONTEXT_CHARACTERS
    const place = `${isCut ? '' : ' '}${line.slice(-CONTEXT_CHARACTERS)} ${this.#text} `
    return this.#given.some((given) => ` ${given} `.includes(place))
  }
}
