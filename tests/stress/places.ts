/**
 * Many sessions that start at once, with few places and one exclusive path between them, and somebody who kills their
 * engines, alone or together with their guards, and those that wait in line. Never do more run than may; and when the
 * killing is over, everybody gets his turn.
 *
 * usage: npm run places -- [--seconds 120] [--contenders 50] [--places 3] [--rate 10] [--nice 19] [--keep]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layout } from './lib/layout.ts'
import { commandOf, hasProc, inspect, type Process, signal, sleep, until } from './lib/machine.ts'
import { beNice, NICE_OPTION } from './lib/nice.ts'
import { makeSandbox, removeSandbox, type Sandbox, sweep } from './lib/sandbox.ts'
import { table } from './lib/table.ts'

type Options = { readonly places: number; readonly contenders: number; readonly rate: number }

/** Done, ended with its worker by a signal, or refused. */
const EXPECTED_CODES: readonly (number | null)[] = [0, 75, 137, 143, null]

/** Whoever is left when the killing is over needs a turn, and has it after all before. */
const QUIET_SECONDS = 300

const oneOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]

class Crowd {
  readonly #layout: Layout
  readonly #sandbox: Sandbox
  readonly #options: Options
  readonly #living = new Map<number, ChildProcess>()
  readonly faults: string[] = []
  readonly counts = { starts: 0, refused: 0, done: 0, engines: 0, guards: 0 }
  #isOver = false

  constructor(layout: Layout, sandbox: Sandbox, options: Options) {
    this.#layout = layout
    this.#sandbox = sandbox
    this.#options = options
  }

  get size(): number {
    return this.#living.size
  }

  get journal(): readonly string[] {
    try {
      return readFileSync(this.#journalPath, 'utf8').trimEnd().split('\n')
    } catch {
      return []
    }
  }

  get #journalPath(): string {
    return join(this.#sandbox.dir, 'journal')
  }

  start(): void {
    for (let number = 0; number < this.#options.contenders; number += 1) this.#startOne(number)
  }

  /** Nobody starts any more. */
  end(): void {
    this.#isOver = true
  }

  /** Every third does not wait, and every second needs the path. */
  #startOne(number: number): void {
    const needsPath = number % 2 === 0
    const words = [
      ...['run', `s${number}`, '--grace', '0.2s'],
      ...(number % 3 === 0 ? [] : ['--wait']),
      ...(needsPath ? ['--exclusive', this.#sandbox.dir] : []),
      ...['--', join(this.#layout.sources, 'worker.sh'), this.#journalPath, String(this.#options.places)],
      ...[(0.1 + Math.random() * 0.6).toFixed(2), needsPath ? 'path' : '-'],
    ]
    const env = { ...this.#sandbox.env, LOCK_MAX_SESSIONS: String(this.#options.places) }
    const child = spawn(join(this.#layout.root, 'engine.sh'), words, {
      env,
      cwd: this.#sandbox.dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#living.set(number, child)
    this.counts.starts += 1
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk}`.slice(-2000)
    })
    child.on('exit', (code) => {
      this.#living.delete(number)
      if (code === 0) this.counts.done += 1
      if (code === 75) this.counts.refused += 1
      if (!EXPECTED_CODES.includes(code)) this.faults.push(`s${number} ended with ${code}:\n${stderr}`)
      if (!this.#isOver) void sleep(code === 75 ? 500 : 50).then(() => this.#again(number))
    })
  }

  #again(number: number): void {
    if (!this.#isOver) this.#startOne(number)
  }

  /** One engine; in half of the cases one that has a place, and in half with its guard. */
  kill(): void {
    const number = Math.random() < 0.5 ? oneOf(this.#holders()) : oneOf([...this.#living.keys()])
    const pid = number === undefined ? undefined : this.#living.get(number)?.pid
    const engine = pid === undefined ? null : inspect(pid)
    if (engine === null) return
    const guards = Math.random() < 0.5 ? guardsOf(engine) : []
    if (signal(engine, 'SIGKILL')) this.counts.engines += 1
    for (const guard of guards) if (signal(guard, 'SIGKILL')) this.counts.guards += 1
  }

  /** As the files of the places name them; some may have ended. */
  #holders(): readonly number[] {
    return Array.from({ length: this.#options.places }, (_, index) => index + 1).flatMap((place) => {
      try {
        const text = readFileSync(join(this.#sandbox.locks, '.places', `_all.${place}.lock`), 'utf8')
        const [, number] = /"s(\d+)"/.exec(text) ?? []
        return number === undefined ? [] : [Number(number)]
      } catch {
        return []
      }
    })
  }
}

const guardsOf = ({ pid }: Process): readonly Process[] => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
    return children
      .filter((child) => commandOf(child).startsWith('session-lock guard'))
      .flatMap((child) => inspect(child) ?? [])
  } catch {
    return []
  }
}

const torment = async (crowd: Crowd, seconds: number, rate: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000
  while (performance.now() < deadline) {
    crowd.kill()
    await sleep((2 * Math.random() * 1000) / rate)
  }
}

const count = (lines: readonly string[], word: string): number => lines.filter((line) => line === word).length

const report = (crowd: Crowd): boolean => {
  const lines = crowd.journal
  const tooMany = count(lines, 'overlap-places')
  const onPath = count(lines, 'overlap-path')
  const { counts, faults } = crowd
  console.log(
    table([
      ['starts', counts.starts],
      ['refused', counts.refused],
      ['iterations begun', count(lines, 'ran')],
      ['runs done', counts.done],
      ['engines killed', counts.engines],
      ['guards killed with them', counts.guards],
      ['more than there are places', tooMany],
      ['two on one path', onPath],
      ['never had a turn', crowd.size],
      ['unexpected ends', faults.length],
    ]),
  )
  for (const fault of faults) console.error(fault)
  return tooMany + onPath + crowd.size + faults.length === 0 && counts.done > 0
}

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '120' },
      contenders: { type: 'string', default: '50' },
      places: { type: 'string', default: '3' },
      rate: { type: 'string', default: '10' },
      nice: NICE_OPTION,
      keep: { type: 'boolean', default: false },
    },
  })
  if (!hasProc()) {
    console.log('places: skipped: it looks for its victims in /proc, which is not here')
    return 0
  }
  beNice(values.nice)
  const sandbox = makeSandbox('places')
  const options = {
    places: Number(values.places),
    contenders: Number(values.contenders),
    rate: Number(values.rate),
  }
  const crowd = new Crowd(layout, sandbox, options)
  let isGood = false
  try {
    crowd.start()
    await torment(crowd, Number(values.seconds), options.rate)
    crowd.end()
    await until(QUIET_SECONDS, () => crowd.size === 0)
    isGood = report(crowd)
  } finally {
    if (values.keep || !isGood) {
      sweep(sandbox)
      console.error(`what there was is kept in ${sandbox.dir}`)
    } else removeSandbox(sandbox)
  }
  console.log(isGood ? '\nNever more than there are places.' : '\nA promise was broken.')
  return isGood ? 0 : 1
}
