/** What a key makes another process of this program do. */
import { stripVTControlCharacters } from 'node:util'
import { printable } from '../core/printable.ts'
import type { World } from '../world.ts'
import type { Action, Verb } from './state.ts'

/** How this program is started again. */
export type Program = { readonly node: string; readonly script: string }

/** A stop may have to wait for a long grace. */
const ACTION_SECONDS = 3600
const PAGE_SECONDS = 30
const LOG_LINES = '1000'

const WORDS: Readonly<Record<Action | Verb, (session: string) => readonly string[]>> = {
  interrupt: (session) => ['lock', 'interrupt', session],
  stop: (session) => ['engine', 'stop', session],
  force: (session) => ['engine', 'run', session, '--force', '--detach'],
  reap: (session) => ['lock', 'reap', session],
  why: (session) => ['lock', 'why', session],
  logs: (session) => ['lock', 'logs', session, '-n', LOG_LINES],
  history: (session) => ['lock', 'history', session],
}

const textLines = (text: string): readonly string[] => {
  const lines = stripVTControlCharacters(text.replaceAll('\t', '    '))
    .split('\n')
    .map((line) => printable(line.replace(/\r+$/, '').replace(/^.*\r/, '')))
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}

export class Children {
  readonly #world: World
  readonly #program: Program

  constructor(world: World, program: Program) {
    this.#world = world
    this.#program = program
  }

  /** @returns the last line of its result, or without one of what it said */
  async act(action: Action, session: string): Promise<string> {
    const { stdout, stderr } = await this.#run(WORDS[action](session), ACTION_SECONDS)
    const said = textLines(stdout).at(-1) ?? textLines(stderr).at(-1) ?? `${action} ${session}: done`
    return said.replace(/^(lock|engine): /, '')
  }

  /** @returns what it prints, results first */
  async read(verb: Verb, session: string): Promise<readonly string[]> {
    const { stdout, stderr } = await this.#run(WORDS[verb](session), PAGE_SECONDS)
    const lines = [...textLines(stdout), ...textLines(stderr)]
    return lines.length === 0 ? ['nothing'] : lines
  }

  /**
   * Gives it the terminal until it ends.
   *
   * @param client of tmux, which shows the pane instead
   * @returns what it said when it failed, else `null`
   */
  attach(session: string, client: string | undefined): Promise<string | null> {
    const { node, script } = this.#program
    const words = [script, 'lock', 'attach', session, ...(client === undefined ? [] : [`--client=${client}`])]
    return new Promise((resolve) => {
      const child = this.#world.spawn(node, words, {
        stdio: ['inherit', 'inherit', 'pipe'],
        env: { ...this.#world.env },
      })
      let said = ''
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      child.on('error', (error) => resolve(error.message))
      child.on('close', (code) => resolve(code === 0 ? null : (textLines(said).at(-2) ?? `code ${code}`)))
    })
  }

  #run(words: readonly string[], seconds: number) {
    const { node, script } = this.#program
    const env = { ...this.#world.env, NO_COLOR: '1' }
    return this.#world.run(node, [script, ...words], { env, seconds })
  }
}
