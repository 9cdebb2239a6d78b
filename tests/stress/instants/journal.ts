/** What the trials have shown, one a line, so that a search can go on where it was. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Left } from './trial.ts'
import type { Worker } from './ways.ts'

export type Place = {
  readonly way: string
  readonly worker: Worker
  readonly at: number
  readonly sessions: number
}
export type Result = Place & Left

const keyOf = ({ way, worker, at, sessions }: Place): string => [way, worker, at, sessions].join('|')

/** How long a way takes that ends by itself. */
type Length = { readonly way: string; readonly milliseconds: number }

export class Journal {
  readonly lengths = new Map<string, number>()
  readonly results: Result[] = []
  readonly #path: string | null
  readonly #known: ReadonlySet<string>

  /** @param path `null`: only in memory */
  constructor(path: string | null) {
    this.#path = path
    if (path !== null && existsSync(path))
      for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean))
        this.#take(JSON.parse(line) as Result | Length)
    this.#known = new Set(this.results.map(keyOf))
  }

  /** From an earlier search. */
  has(place: Place): boolean {
    return this.#known.has(keyOf(place))
  }

  add(result: Result): void {
    this.#keep(result)
  }

  addLength(way: string, milliseconds: number): void {
    this.#keep({ way, milliseconds })
  }

  #take(entry: Result | Length): void {
    if ('milliseconds' in entry) this.lengths.set(entry.way, entry.milliseconds)
    else this.results.push(entry)
  }

  #keep(entry: Result | Length): void {
    this.#take(entry)
    if (this.#path !== null) appendFileSync(this.#path, `${JSON.stringify(entry)}\n`)
  }
}
