/**
 * The terminal while the table has it: the alternate screen, no cursor, keys one by one. Only lines that have changed are
 * written, all in one write, and none while the terminal takes no more.
 *
 * The terminal is put right when this process leaves it in order, when it is stopped (Ctrl-Z), and by a small shell when
 * this process is killed: see rescue.ts.
 */
import { writeSync } from 'node:fs'
import type { Key as ReadlineKey } from 'node:readline'
import type { Size } from './layout.ts'
import { type Rescue, startRescue } from './rescue.ts'
import type { Key } from './state.ts'

/** The part of ansi-escapes that is used. */
export type Escapes = {
  readonly enterAlternativeScreen: string
  readonly exitAlternativeScreen: string
  readonly cursorHide: string
  readonly cursorShow: string
  readonly clearViewport: string
  readonly eraseEndLine: string
  cursorTo(x: number, y: number): string
}

const TERMINAL = 1

/** A line that is too long by a mistake does not push the others down. */
const NO_WRAP = '\u001b[?7l'
const WRAP = '\u001b[?7h'
const PLAIN = '\u001b[0m'

const NOT_STOPPED_MS = 300

const SMALLEST: Size = { columns: 1, rows: 1 }

/**
 * Which lines differ, and what to write for them. A line is erased before it: behind one that fills the screen the cursor
 * is still on its last character.
 *
 * @param before `null`: nothing is known of the screen
 */
export const difference = (
  before: readonly string[] | null,
  lines: readonly string[],
  escapes: Escapes,
): string => {
  const start = before === null ? escapes.clearViewport : ''
  return lines.reduce(
    (text, line, y) =>
      before?.[y] === line ? text : `${text}${escapes.cursorTo(0, y)}${escapes.eraseEndLine}${line}${PLAIN}`,
    start,
  )
}

/** As node:readline names it; keys that write something have a text. */
const keyOf = (text: string | undefined, { name = '', ctrl = false, meta = false }: ReadlineKey): Key => {
  if (ctrl) return { name: `ctrl-${name}`, text: '' }
  const isText = text !== undefined && !meta && !/\p{Cc}/u.test(text)
  return { name, text: isText ? text : '' }
}

export class Screen {
  readonly #escapes: Escapes
  readonly #leaving: string
  /** `null` before the keys are read. */
  #rescue: Rescue | null = null
  readonly #onBack: () => void
  /** Before the keys are read, Ctrl-Z is the terminal's. */
  readonly #onStop = (): void => this.suspend()
  #lines: readonly string[] | null = null
  #isEntered = false

  /** @param onBack called when this process goes on after it was stopped */
  constructor(escapes: Escapes, onBack: () => void) {
    this.#escapes = escapes
    this.#onBack = onBack
    this.#leaving = `${PLAIN}${WRAP}${escapes.cursorShow}${escapes.exitAlternativeScreen}`
  }

  get size(): Size {
    const { columns, rows } = process.stdout
    return { columns: columns || SMALLEST.columns, rows: rows || SMALLEST.rows }
  }

  /** Reads keys from here on. Not before the first picture: what this needs takes longer than that. */
  async listen(handlers: { onKey(key: Key): void; onEnd(): void; onResize(): void }): Promise<void> {
    process.stdout.on('error', () => handlers.onEnd())
    process.stdout.on('resize', () => {
      this.#lines = null
      handlers.onResize()
    })
    // It has to have read the modes before they are changed.
    const [rescue, { emitKeypressEvents }] = await Promise.all([
      startRescue(this.#leaving, TERMINAL),
      import('node:readline'),
    ])
    this.#rescue = rescue
    emitKeypressEvents(process.stdin)
    process.stdin.on('keypress', (text: string | undefined, key: ReadlineKey) =>
      handlers.onKey(keyOf(text, key)),
    )
    for (const event of ['end', 'error', 'close']) process.stdin.on(event, () => handlers.onEnd())
    if (this.#isEntered) this.#readKeys(true)
    // What was typed until now has been echoed.
    this.#lines = null
    handlers.onResize()
  }

  get isEntered(): boolean {
    return this.#isEntered
  }

  /** From here on the screen is the table's, and so are the keys once they are listened to. */
  enter(): void {
    if (this.#isEntered) return
    this.#isEntered = true
    this.#lines = null
    const { enterAlternativeScreen, cursorHide } = this.#escapes
    process.stdout.write(`${enterAlternativeScreen}${cursorHide}${NO_WRAP}`)
    process.on('SIGTSTP', this.#onStop)
    this.#readKeys(true)
  }

  /** What was typed ahead belongs to whoever has the terminal next. */
  leave(): void {
    if (!this.#isEntered) return
    this.#isEntered = false
    process.off('SIGTSTP', this.#onStop)
    this.#readKeys(false)
    try {
      writeSync(TERMINAL, this.#leaving)
    } catch {
      // It is gone, or held by Ctrl-S; the modes are right all the same.
    }
  }

  /** The end: nobody has to put anything right any more. */
  async close(): Promise<void> {
    this.leave()
    await this.#rescue?.done()
  }

  /**
   * As Ctrl-Z does it: the whole job is stopped, with the terminal as it was.
   */
  suspend(): void {
    this.leave()
    const back = (): void => {
      clearTimeout(timer)
      process.off('SIGCONT', back)
      this.enter()
      this.#onBack()
    }
    process.on('SIGCONT', back)
    // Where nobody could continue it, the kernel stops nothing.
    const timer = setTimeout(back, NOT_STOPPED_MS)
    process.kill(0, 'SIGTSTP')
  }

  draw(lines: readonly string[]): void {
    // Held by Ctrl-S, or slow: the next picture is newer anyway.
    if (!this.#isEntered || process.stdout.writableNeedDrain) return
    const text = difference(this.#lines, lines, this.#escapes)
    this.#lines = lines
    if (text !== '') process.stdout.write(text)
  }

  #readKeys(isOn: boolean): void {
    if (this.#rescue === null) return
    try {
      process.stdin.setRawMode(isOn)
    } catch {
      // The terminal is gone, which `onEnd` tells.
    }
    if (isOn) process.stdin.resume()
    else process.stdin.pause()
  }
}
