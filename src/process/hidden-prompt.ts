/**
 * Whether a process that may not be looked into asks for a password: sudo(8), su(1), passwd(1) and the like run as another
 * user, and /proc shows neither what they have open nor what they wait for. But the terminal shows no more what is typed, and
 * they have no child that they could wait for.
 *
 * The terminal is asked through stty(1): for a verdict, never for a beat. The answer is there at the next question.
 */
import { readdirSync } from 'node:fs'
import { hasCode } from '../core/system-error.ts'
import { readStat } from './procfs.ts'
import { hidesInput, withTerminal } from './terminal-modes.ts'

/** An answer holds for so many questions. */
const KEPT_QUESTIONS = 20

/** The devices of pseudo-terminals begin here; each has 256. */
const FIRST_MAJOR = 136
const LAST_MAJOR = 143

/** @param device as proc(5) has it in `stat` @returns `null` when it is no pseudo-terminal */
export const terminalPath = (device: number): string | null => {
  const major = (device >> 8) & 0xfff
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00)
  return major >= FIRST_MAJOR && major <= LAST_MAJOR
    ? `/dev/pts/${(major - FIRST_MAJOR) * 256 + minor}`
    : null
}

const isHidden = (pid: number): boolean => {
  try {
    readdirSync(`/proc/${pid}/fd`)
    return false
  } catch (error) {
    return hasCode(error, 'EACCES')
  }
}

type Answer = { readonly pid: number; readonly hidesInput: boolean | null; questions: number }

export class HiddenPrompts {
  readonly #isHidden: (pid: number) => boolean
  #answer: Answer | null = null

  constructor(isHiddenProcess = isHidden) {
    this.#isHidden = isHiddenProcess
  }

  /**
   * @param foreground processes of the terminal's foreground group @param all of the tree
   * @returns the process that asks; `null` when there is none, or that is not known yet
   */
  asking(foreground: readonly number[], all: readonly number[]): number | null {
    const hidden = foreground.filter(this.#isHidden)
    if (hidden.length === 0) return null
    const parents = new Set(all.map((pid) => readStat(pid)?.facts.parent))
    const pid = hidden.find((candidate) => !parents.has(candidate))
    if (pid === undefined) return null
    const known = this.#answer?.pid === pid ? this.#answer : null
    if (known === null || known.questions >= KEPT_QUESTIONS) this.#ask(pid, known?.hidesInput ?? null)
    else known.questions += 1
    return known?.hidesInput === true ? pid : null
  }

  #ask(pid: number, before: boolean | null): void {
    this.#answer = { pid, hidesInput: before, questions: 0 }
    const path = terminalPath(readStat(pid)?.terminal ?? 0)
    if (path === null) return
    void withTerminal(path, async (fd) => {
      this.#answer = { pid, hidesInput: await hidesInput(fd), questions: 0 }
    })
  }
}
