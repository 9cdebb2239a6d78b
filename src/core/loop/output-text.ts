/** The text of an iteration's output, as far as it is compared with that of others. Pure. */
import { dropOldest } from '../bounded.ts'
import { normalize } from '../novelty.ts'
import { TerminalLines } from './terminal-lines.ts'

/** Of a line whose text is too long to be kept. */
const LONG_LINE = '…'
/** Lines of earlier iterations that are remembered; past them the oldest are forgotten. */
const MAX_KNOWN_LINES = 20_000
/** What follows makes no difference. */
const LINE_CHARACTERS = 200

/** The lines of an output without what changes by itself: numbers, times, identifiers, spinners. Empty ones are left out. */
export class OutputText {
  readonly #lines: string[] = []
  readonly #terminal = new TerminalLines((line) => {
    const text = line === null ? LONG_LINE : normalize(line).slice(0, LINE_CHARACTERS)
    if (text !== '') this.#lines.push(text)
  })

  push(bytes: Uint8Array): void {
    this.#terminal.push(bytes)
  }

  /** No more comes. */
  end(): readonly string[] {
    this.#terminal.end()
    return this.#lines
  }
}

/** Lines that earlier iterations have printed. */
export class KnownLines {
  readonly #known = new Set<string>()

  /** Remembers the lines of an iteration. @returns how many different ones no iteration before had */
  add(lines: readonly string[]): number {
    let added = 0
    for (const line of lines) {
      if (!this.#known.delete(line)) added += 1
      this.#known.add(line)
      dropOldest(this.#known, MAX_KNOWN_LINES)
    }
    return added
  }
}
