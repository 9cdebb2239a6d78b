/**
 * Contenders on one session, and somebody who kills, stops and continues them at random.
 *
 * Every contender is started again when it ends. What they do to each other is read from the journal afterwards
 * (journal.ts); what can be seen from outside meanwhile is checked here: the record is always whole, and its
 * generation never falls.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../lib/layout.ts'
import { strangersIn } from '../lib/left-files.ts'
import { carriersOf, commandOf, inspect, signal, sleep, until } from '../lib/machine.ts'
import type { Sandbox } from '../lib/sandbox.ts'
import { assess, type Findings, readJournal } from './journal.ts'
import { type Protocol, SESSION } from './protocols.ts'

export type Siege = {
  readonly layout: Layout
  readonly sandbox: Sandbox
  readonly protocol: Protocol
  readonly contenders: number
  /** How many of them are scripts, of the session lock's. */
  readonly scripts: number
  readonly seconds: number
  /** Kills and stops a second in a storm, as far as the machine keeps up. */
  readonly rate: number
}

export type Outcome = Findings & {
  readonly seconds: number
  readonly kills: number
  readonly stops: number
  readonly refreshersKilled: number
  readonly supervisorsKilled: number
  /** Sections that scripts have entered. */
  readonly scriptSections: number
  readonly orphans: number
  /** What nothing but a fault explains, in words. */
  readonly faults: readonly string[]
}

/** `script`: bash with a sourced lock.sh. `modules`: a program that takes the lock by the modules alone. */
type Kind = 'engine' | 'script' | 'modules'

type Contender = {
  readonly run: string
  readonly kind: Kind
  readonly child: ChildProcess
  readonly started: number
  stderr: string
}

type Reference = { readonly pid: number; readonly started: number }

type Seen = {
  readonly pid: number
  readonly refresher: Reference | null
  /** Of a script that is in an iteration. */
  readonly supervisor: Reference | null
}

/** Who is killed all the time gets nowhere: between the storms the contenders work, and have refreshers. */
const STORM_SECONDS = 1
const CALM_SECONDS = 4
/** How often a calm besieger checks whether there is a refresher, per second. */
const CALM_LOOKS = 20
/** Met only when somebody stays for ever. */
const GONE_SECONDS = 120

const chance = (probability: number): boolean => Math.random() < probability
const oneOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]

/** Mostly moments; now and then longer than any of the protocols takes for a sign of death. */
const stopMilliseconds = (): number => (chance(0.015) ? 3000 : 1 + Math.random() * 100)

/**
 * What a contender may end with here: done, its command's failure, held, superseded. A script may have lost a supervisor,
 * and dies of the SIGTERM with which it is asked to end.
 */
const EXPECTED: Readonly<Record<Exclude<Kind, 'modules'>, readonly (number | string | null)[]>> = {
  engine: [0, 3, 75, 80, 'SIGKILL'],
  script: [0, 75, 80, 137, 143, 'SIGKILL', 'SIGTERM'],
}

/** Of the session lock's contenders that are no scripts. */
const ENGINES = 0.4

const referenceIn = (value: { pid: number; pid_started: number } | null | undefined): Reference | null =>
  value == null ? null : { pid: value.pid, started: value.pid_started }

const lastWho = (journal: string): string | null => {
  let fd: number
  try {
    fd = openSync(journal, 'r')
  } catch {
    return null
  }
  try {
    const buffer = Buffer.alloc(200)
    const length = readSync(fd, buffer, 0, 200, Math.max(0, fstatSync(fd).size - 200))
    return buffer.toString('latin1', 0, length).trimEnd().split('\n').at(-1)?.split(' ')[0] ?? null
  } finally {
    closeSync(fd)
  }
}

export class Besieger {
  readonly #siege: Siege
  readonly #contenders = new Map<string, Contender>()
  readonly #endedInOrder = new Set<string>()
  readonly #faults: string[] = []
  readonly #journal: string
  #runs = 0
  #over = false
  #kills = 0
  #refreshersKilled = 0
  #supervisorsKilled = 0
  #stops = 0
  #highest = 0

  constructor(siege: Siege) {
    this.#siege = siege
    this.#journal = join(siege.sandbox.dir, 'journal')
  }

  async run(progress: (line: string) => void): Promise<Outcome> {
    const { contenders, protocol, rate } = this.#siege
    const isOurs = protocol === 'session-lock'
    const scripts = isOurs ? this.#siege.scripts : 0
    const engines = isOurs ? Math.ceil((contenders - scripts) * ENGINES) : 0
    for (let slot = 0; slot < contenders; slot += 1)
      this.#start(slot < engines ? 'engine' : slot < engines + scripts ? 'script' : 'modules')

    const began = performance.now()
    const elapsed = (): number => (performance.now() - began) / 1000
    let told = 0
    while (elapsed() < this.#siege.seconds) {
      const isStorm = elapsed() % (STORM_SECONDS + CALM_SECONDS) < STORM_SECONDS
      await sleep((Math.random() * 2000) / (isStorm ? rate : CALM_LOOKS))
      const seen = this.#seen()
      if (isStorm) this.#strike(seen)
      else if (seen?.refresher != null ? chance(0.3) : chance(0.03)) this.#strike(seen)
      if (elapsed() - told > 15) {
        told = elapsed()
        progress(`${protocol}: ${told.toFixed(0)} s, ${this.#kills} kills, ${this.#runs} contenders`)
      }
    }
    this.#over = true
    for (const contender of this.#contenders.values()) contender.child.kill('SIGKILL')
    await until(GONE_SECONDS, () => this.#contenders.size === 0)
    const seconds = elapsed()
    if (protocol === 'session-lock') await this.#endLastRun()
    const orphans = await this.#countOrphans()
    const entries = readJournal(existsSync(this.#journal) ? readFileSync(this.#journal, 'utf8') : '')
    const findings = assess(entries, this.#endedInOrder)
    this.#collectErrors()
    return {
      ...findings,
      seconds,
      kills: this.#kills,
      refreshersKilled: this.#refreshersKilled,
      supervisorsKilled: this.#supervisorsKilled,
      scriptSections: entries.filter(({ who, what }) => who.startsWith('s') && what === 'enter').length,
      stops: this.#stops,
      orphans,
      faults: this.#faults,
    }
  }

  #start(kind: Kind): void {
    this.#runs += 1
    const run = `${kind[0]}${this.#runs}`
    const child =
      kind === 'modules' ? this.#startModules(run) : this.#spawnCommand(run, this.#commandOf(kind))
    const { pid } = child
    if (pid === undefined) throw new Error('a contender could not be started')
    const contender: Contender = { run, kind, child, started: inspect(pid)?.started ?? -1, stderr: '' }
    this.#contenders.set(run, contender)
    child.stderr?.on('data', (chunk: Buffer) => {
      contender.stderr = (contender.stderr + chunk.toString()).slice(-4000)
    })
    child.on('close', (code, signalName) => {
      this.#contenders.delete(run)
      this.#assess(contender, code ?? signalName)
      const pause = Math.random() * (kind === 'modules' ? 10 : 150)
      if (!this.#over) setTimeout(() => this.#over || this.#start(kind), pause)
    })
  }

  #startModules(run: string): ChildProcess {
    const { layout, sandbox, protocol } = this.#siege
    return spawn(
      process.execPath,
      [
        '--require',
        join(layout.sources, 'dawdle.cjs'),
        join(layout.programs, 'contender.cjs'),
        protocol,
        run,
      ],
      { env: sandbox.env, cwd: sandbox.dir, stdio: ['ignore', 'ignore', 'pipe'] },
    )
  }

  #commandOf(kind: Exclude<Kind, 'modules'>): readonly string[] {
    const { layout } = this.#siege
    // A script takes three starts of Node to its first section: without a place in the line it would have few.
    const patience = kind === 'script' ? 0.7 : 0.5
    const manner = chance(patience) ? ['--wait', '5'] : chance(0.4) ? ['--force'] : []
    const options = ['--grace', '0.3', '--stale-after', '0.6', '--heartbeat-interval', '0.1']
    const iterations = String(1 + Math.floor(Math.random() * 12))
    const worker = join(layout.sources, 'worker.sh')
    if (kind === 'engine')
      return [
        ...[join(layout.root, 'engine.sh'), 'run', SESSION, '-n', iterations, ...manner, ...options],
        ...['--', worker],
      ]
    const script = join(layout.sources, 'script.sh')
    return [script, join(layout.root, 'lock.sh'), SESSION, iterations, ...manner, ...options]
  }

  #spawnCommand(run: string, [file = '', ...args]: readonly string[]): ChildProcess {
    const { layout, sandbox } = this.#siege
    return spawn(file, args, {
      env: {
        ...sandbox.env,
        STRESS_WHO: run,
        LOCK_NODE_OPTIONS: `--require "${join(layout.sources, 'dawdle.cjs')}"`,
      },
      cwd: sandbox.dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  #assess({ run, kind, stderr }: Contender, end: number | string | null): void {
    if (kind === 'modules') return
    if (end === 0 || end === 3 || (kind === 'script' && end === 137)) this.#endedInOrder.add(run)
    const strange = /unexpected error|\n {4}at /.test(stderr)
    if (!EXPECTED[kind].includes(end) || strange)
      this.#faults.push(`${kind} ${run} ended with ${end}:\n${stderr}`)
  }

  /** Reads the record once, from outside. */
  #seen(): Seen | null {
    if (this.#siege.protocol !== 'session-lock') return null
    let text: string
    try {
      text = readFileSync(join(this.#siege.sandbox.locks, `${SESSION}.json`), 'utf8')
    } catch (error) {
      if (this.#highest > 0) this.#faults.push(`the record could not be read: ${String(error)}`)
      return null
    }
    try {
      const { generation, pid, refresher, shell } = JSON.parse(text)
      if (generation < this.#highest) this.#faults.push(`generation ${generation} after ${this.#highest}`)
      this.#highest = Math.max(this.#highest, generation)
      return { pid, refresher: referenceIn(refresher), supervisor: referenceIn(shell?.supervisor) }
    } catch (error) {
      this.#faults.push(`a broken record: ${String(error)}: ${text.slice(0, 200)}`)
      return null
    }
  }

  #owner(seen: Seen | null): Contender | undefined {
    const contenders = [...this.#contenders.values()]
    if (seen !== null) return contenders.find(({ child }) => child.pid === seen.pid)
    const who = lastWho(this.#journal)?.split('.')[0]
    return who === undefined ? undefined : this.#contenders.get(who)
  }

  #strike(seen: Seen | null): void {
    const owner = this.#owner(seen)
    const anybody = oneOf([...this.#contenders.values()])
    const refresher = seen?.refresher ?? null
    const dice = Math.random()
    if (seen?.supervisor != null && chance(0.2)) this.#killSupervisor(seen.supervisor)
    if (refresher !== null && dice < 0.25) this.#killRefresher(refresher)
    if (refresher !== null && owner !== undefined && dice > 0.1 && dice < 0.4) {
      this.#kill(owner)
      if (chance(0.7)) this.#killRefresher(refresher)
    } else if (dice < 0.6) this.#kill(owner ?? anybody)
    else if (dice < 0.75) this.#kill(anybody)
    else if (dice < 0.85) this.#stop(anybody)
    else if (dice < 0.9 && refresher !== null) this.#stopRefresher(refresher)
    else this.#stop(owner ?? anybody)
  }

  #kill(contender: Contender | undefined): void {
    if (contender?.child.kill('SIGKILL')) this.#kills += 1
  }

  #isRefresher({ pid }: { pid: number }): boolean {
    return /session-lock guard|guard\.js/.test(commandOf(pid))
  }

  #killSupervisor(supervisor: Reference): void {
    if (!/ __shell iterate /.test(commandOf(supervisor.pid)) || !signal(supervisor, 'SIGKILL')) return
    this.#kills += 1
    this.#supervisorsKilled += 1
  }

  #killRefresher(refresher: Reference): void {
    if (!this.#isRefresher(refresher) || !signal(refresher, 'SIGKILL')) return
    this.#kills += 1
    this.#refreshersKilled += 1
  }

  #stop(contender: Contender | undefined): void {
    if (!contender?.child.kill('SIGSTOP')) return
    this.#stops += 1
    setTimeout(() => contender.child.kill('SIGCONT'), stopMilliseconds())
  }

  #stopRefresher(refresher: Reference): void {
    if (!this.#isRefresher(refresher) || !signal(refresher, 'SIGSTOP')) return
    this.#stops += 1
    setTimeout(() => signal(refresher, 'SIGCONT'), stopMilliseconds())
  }

  /** After all of it: one plain run, without a hand on the files. */
  async #endLastRun(): Promise<void> {
    const { layout, sandbox } = this.#siege
    const child = spawn(
      join(layout.root, 'engine.sh'),
      ['run', SESSION, '--wait', '60', '--', join(layout.sources, 'worker.sh')],
      { env: { ...sandbox.env, STRESS_WHO: 'last' }, cwd: sandbox.dir, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    if (code !== 0 && code !== 3) this.#faults.push(`the last, plain run ended with ${code}:\n${stderr}`)
    for (const file of strangersIn(sandbox.locks, SESSION))
      this.#faults.push(`left in the lock directory: ${file}`)
  }

  async #countOrphans(): Promise<number> {
    const entry = `STRESS_DIR=${this.#siege.sandbox.dir}`
    // Refreshers of the killed need a second to leave, and more on a busy machine.
    await until(GONE_SECONDS, () => carriersOf(entry).length === 0)
    const left = carriersOf(entry)
    if (this.#siege.protocol === 'session-lock') {
      for (const { pid } of left) this.#faults.push(`orphan: pid ${pid}: ${commandOf(pid)}`)
    }
    return left.length
  }

  #collectErrors(): void {
    for (const file of readdirSync(this.#siege.sandbox.dir)) {
      if (!file.startsWith('error-')) continue
      this.#faults.push(`${file}: ${readFileSync(join(this.#siege.sandbox.dir, file), 'utf8')}`)
    }
  }
}
