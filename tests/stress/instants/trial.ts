/** One run, something that is done to it, and what is left of it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../lib/layout.ts'
import {
  allPids,
  carriersOf,
  commandOf,
  inspect,
  type Process,
  signal,
  sleep,
  until,
} from '../lib/machine.ts'
import { makeSandbox, removeSandbox, type Sandbox } from '../lib/sandbox.ts'
import type { Way, Worker } from './ways.ts'

export type Target = { readonly pid: number; readonly started: number }

type Reference = { readonly pid: number; readonly pid_started: number }
type Stored = Reference & {
  readonly worker: Reference | null
  readonly ended: { readonly reason: string } | null
  readonly tmux: { readonly server_pid: number; readonly pane: string; readonly socket: string } | null
}

export type Left = {
  /** Processes of the worker that live after {@link GONE_SECONDS}. */
  readonly count: number
  /** Of these, after {@link LATE_SECONDS}. */
  readonly forEver: number
  /** Guards, watchdogs and commands that live for as long. */
  readonly helpers: number
  /** At the instant the owner had ended by itself already. */
  readonly wasOver: boolean
  /** What else is wrong. */
  readonly problem: string | null
}

const START_SECONDS = 120
/** After this nothing of the worker is to live. */
export const GONE_SECONDS = 2
/** What is ended at all is ended by then, however busy the machine is. */
export const LATE_SECONDS = 120
/** To read all command lines takes some milliseconds of a processor that the run needs. */
const LOOK_MILLISECONDS = 50

const HELPER = /session-lock|guard\.js/
const WATCHDOG = /session-lock.watchdog/

const runs = ({ pid, started }: Target): boolean => {
  const found = inspect(pid)
  return found?.started === started && found.runs
}

export class Trial {
  /** Found before their parent was killed. */
  remembered: readonly Target[] = []
  readonly #layout: Layout
  readonly #sandbox: Sandbox
  readonly #sessions: readonly string[]
  readonly #children: ChildProcess[] = []
  #engine: Promise<number> = Promise.resolve(0)

  constructor(layout: Layout, cgroup: string, sessions: number) {
    this.#layout = layout
    const sandbox = makeSandbox('instants')
    const env = cgroup === '' ? sandbox.env : { ...sandbox.env, LOCK_CGROUP_STRATEGY: cgroup }
    this.#sandbox = { ...sandbox, env }
    this.#sessions = Array.from({ length: sessions }, (_, number) => `s${number}`)
    writeFileSync(join(sandbox.dir, 'alive'), '')
  }

  readonly pause = sleep

  /** @returns the exit code; -1 for a signal */
  command(program: 'engine' | 'lock', ...words: readonly string[]): Promise<number> {
    const { env, dir } = this.#sandbox
    const child = spawn(join(this.#layout.root, `${program}.sh`), words, { env, cwd: dir, stdio: 'ignore' })
    this.#children.push(child)
    return new Promise((resolve) =>
      child.on('error', () => resolve(-1)).on('exit', (code) => resolve(code ?? -1)),
    )
  }

  send(name: NodeJS.Signals, ...targets: readonly Target[]): void {
    for (const target of targets) signal(target, name)
  }

  #helpers(owner: Target): readonly (Process & { readonly command: string })[] {
    return allPids().flatMap((pid) => {
      const found = inspect(pid)
      const command = found?.parent === owner.pid ? commandOf(pid) : ''
      return found !== null && HELPER.test(command) ? [{ ...found, command }] : []
    })
  }

  guards(owner: Target): readonly Target[] {
    return this.#helpers(owner).filter(({ command }) => !WATCHDOG.test(command))
  }

  watchdogs(owner: Target): readonly Target[] {
    return this.#helpers(owner).filter(({ command }) => WATCHDOG.test(command))
  }

  killPane(): void {
    const place = this.#record('s0')?.tmux
    if (place == null) throw new Error('it is in no pane')
    spawnSync('tmux', ['-S', place.socket, 'kill-pane', '-t', place.pane], { env: this.#sandbox.env })
  }

  killServer(): void {
    const server = this.#record('s0')?.tmux?.server_pid ?? 0
    signal({ pid: server, started: inspect(server)?.started ?? -1 }, 'SIGKILL')
  }

  /** The run ends in order, whatever has been done to it. */
  async awaitSuccess(): Promise<string | null> {
    const late = sleep(LATE_SECONDS * 1000).then(() => 'no end')
    const code = await Promise.race([this.#engine, late])
    return code === 0 ? null : `the engine: ${code}`
  }

  /** Whether the run is over, by its own record. */
  hasCompleted(): boolean {
    return this.#record('s0')?.ended?.reason === 'completed'
  }

  async run(worker: Worker, way: Way, milliseconds: number): Promise<Left> {
    const owners = await this.#begin(worker, way)
    await sleep(milliseconds)
    const wasOver = owners.every((owner) => !runs(owner))
    for (const owner of owners) await (way.kill ?? ((trial) => trial.send('SIGKILL', owner)))(this, owner)
    const problem = (await way.settle?.(this, milliseconds)) ?? null
    const count = await this.#awaitNone(GONE_SECONDS, () => this.survivors())
    const forEver = count === 0 ? 0 : await this.#awaitNone(LATE_SECONDS, () => this.survivors())
    const helpers = await this.#awaitNone(LATE_SECONDS, () => this.#leftHelpers())
    return { count, forEver, helpers, wasOver, problem }
  }

  /** @returns milliseconds from the beginning of the instants to the owner's end by itself */
  async measure(worker: Worker, way: Way): Promise<number> {
    const [owner] = await this.#begin(worker, way)
    const began = performance.now()
    await until(LATE_SECONDS, () => owner === undefined || !runs(owner))
    return performance.now() - began
  }

  async #begin(worker: Worker, way: Way): Promise<readonly Target[]> {
    const script = join(this.#layout.sources, 'worker.sh')
    const options = [...(way.options ?? []), ...(way.inTmux === true ? ['--detach'] : [])]
    for (const session of this.#sessions)
      this.#engine = this.command(
        'engine',
        'run',
        session,
        ...options,
        '--',
        script,
        worker,
        this.#sandbox.dir,
      )
    const owners = await Promise.all(this.#sessions.map((session) => this.#owner(session, way)))
    for (const owner of owners) way.begin?.(this, owner)
    return owners
  }

  async #owner(session: string, way: Way): Promise<Target> {
    const found = await until(START_SECONDS, () => {
      const record = this.#record(session)
      if (record === null) return null
      const isReady = existsSync(join(this.#sandbox.dir, `ready.${session}`)) && record.worker !== null
      return !way.needsWorker || isReady ? record : null
    })
    if (found === null) throw new Error('it does not start')
    return { pid: found.pid, started: found.pid_started }
  }

  #record(session: string): Stored | null {
    try {
      return JSON.parse(readFileSync(join(this.#sandbox.locks, `${session}.json`), 'utf8')) as Stored
    } catch {
      return null
    }
  }

  /** @returns how many there are when none is left, or when the time is over */
  async #awaitNone(seconds: number, find: () => readonly Process[]): Promise<number> {
    const deadline = performance.now() + seconds * 1000
    for (;;) {
      const { length } = find()
      if (length === 0 || performance.now() > deadline) return length
      await sleep(LOOK_MILLISECONDS)
    }
  }

  /** By their command line: the engine's and the guards' are told apart by their own programs. */
  survivors(): readonly Process[] {
    return allPids().flatMap((pid) => {
      const command = commandOf(pid)
      if (!command.includes(this.#sandbox.dir) || !/worker\.sh|tail|^perl/.test(command)) return []
      const found = inspect(pid)
      return found?.runs === true && !/loader\.cjs|tmux|engine\.sh/.test(command) ? [found] : []
    })
  }

  /** All but the tmux server. */
  #leftHelpers(): readonly Process[] {
    return carriersOf(`STRESS_DIR=${this.#sandbox.dir}`).filter(({ name }) => !name.startsWith('tmux'))
  }

  dispose(): void {
    const server = this.#record('s0')?.tmux?.server_pid
    if (server !== undefined) signal({ pid: server, started: inspect(server)?.started ?? -1 }, 'SIGKILL')
    for (const child of this.#children) child.kill('SIGKILL')
    for (const left of this.survivors()) signal(left, 'SIGKILL')
    removeSandbox(this.#sandbox)
  }
}
