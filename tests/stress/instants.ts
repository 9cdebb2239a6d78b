/**
 * The owner of a run is killed at every instant: from its claim on, and while a stop, an interrupt, a time-out, a
 * `--force`, a Ctrl-C or the end of its pane is under way. How many processes of the worker live two seconds later, when
 * nobody has called any other command?
 *
 * usage: npm run orphans -- --instants [--step 10] [--jobs 4] [--sample N] [--only TEXT] [--cgroup none] [--late-ok]
 *
 * Exits with 1 when one lives; with --late-ok, for a machine that others keep busy, when one lives for ever.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layout } from './lib/layout.ts'
import { allPids, commandOf, hasProc, inspect, type Process, signal, sleep, until } from './lib/machine.ts'
import { makeSandbox, removeSandbox, type Sandbox } from './lib/sandbox.ts'
import { table } from './lib/table.ts'

const WORKERS = {
  brief: 'ends by itself after 0.15 s',
  deaf: 'ignores TERM, HUP and INT',
  forks: 'has a child',
  stopped: 'is stopped',
} as const
type Worker = keyof typeof WORKERS

type Reference = { readonly pid: number; readonly pid_started: number }
type Stored = Reference & {
  readonly worker: Reference | null
  readonly refresher: Reference | null
  readonly tmux: { readonly server_pid: number; readonly pane: string; readonly socket: string } | null
}

/** What is under way when the owner is killed: from where on the instants are counted. */
type Way = {
  readonly words: string
  /** Milliseconds. */
  readonly last: number
  /** Milliseconds; the finest step when there is none. */
  readonly step?: number
  readonly options?: readonly string[]
  readonly inTmux?: boolean
  /** Before the instants begin there is a worker. */
  readonly needsWorker: boolean
  readonly begin: (trial: Trial, owner: Target) => void
}

type Target = { readonly pid: number; readonly started: number }

const GRACE = ['--grace', '0.3']
const NO_WAY = (): void => undefined
const asks =
  (program: 'engine' | 'lock', ...words: readonly string[]) =>
  (trial: Trial): void =>
    trial.command(program, ...words)

const WAYS: Readonly<Record<string, Way>> = {
  claim: { words: 'a run from its claim on', last: 600, needsWorker: false, begin: NO_WAY },
  stop: {
    words: 'engine.sh stop',
    last: 700,
    options: GRACE,
    needsWorker: true,
    begin: asks('engine', 'stop', 's0'),
  },
  interrupt: {
    words: 'lock.sh interrupt',
    last: 700,
    options: GRACE,
    needsWorker: true,
    begin: asks('lock', 'interrupt', 's0'),
  },
  timeout: {
    words: 'a time-out',
    last: 800,
    options: [...GRACE, '--timeout', '0.3'],
    needsWorker: true,
    begin: NO_WAY,
  },
  force: {
    words: '--force by another run',
    last: 700,
    options: GRACE,
    needsWorker: true,
    begin: asks('engine', 'run', 's0', '--force', '--fresh', '--', 'true'),
  },
  'ctrl-c': {
    words: 'Ctrl-C, twice',
    last: 500,
    options: GRACE,
    needsWorker: true,
    begin: (_, owner) => {
      signal(owner, 'SIGINT')
      setTimeout(() => signal(owner, 'SIGINT'), 20)
    },
  },
  term: {
    words: 'TERM before, with a grace of 3 s',
    last: 2000,
    step: 50,
    options: ['--grace', '3'],
    needsWorker: true,
    begin: (_, owner) => {
      signal(owner, 'SIGTERM')
    },
  },
  pane: {
    words: 'run -d, its pane killed',
    last: 500,
    options: GRACE,
    inTmux: true,
    needsWorker: true,
    begin: (trial) => trial.killPane(),
  },
  server: {
    words: 'run -d, its tmux server killed',
    last: 500,
    options: GRACE,
    inTmux: true,
    needsWorker: true,
    begin: (trial) => trial.killServer(),
  },
  guard: {
    words: 'its guard killed before',
    last: 600,
    needsWorker: true,
    begin: (trial) => trial.killGuard(),
  },
}

const START_SECONDS = 120
/** After this nothing of the worker is to live. */
const GONE_SECONDS = 2
/** What is ended at all is ended by then, however busy the machine is. */
const LATE_SECONDS = 30

type Left = { readonly count: number; readonly forEver: number }

class Trial {
  readonly #layout: Layout
  readonly #sandbox: Sandbox
  readonly #sessions: readonly string[]
  readonly #children: ChildProcess[] = []

  constructor(layout: Layout, cgroup: string, sessions: number) {
    this.#layout = layout
    const sandbox = makeSandbox('instants')
    const env = cgroup === '' ? sandbox.env : { ...sandbox.env, LOCK_CGROUP_STRATEGY: cgroup }
    this.#sandbox = { ...sandbox, env }
    this.#sessions = Array.from({ length: sessions }, (_, number) => `s${number}`)
    writeFileSync(join(sandbox.dir, 'alive'), '')
  }

  command(program: 'engine' | 'lock', ...words: readonly string[]): void {
    const { env, dir } = this.#sandbox
    const child = spawn(join(this.#layout.root, `${program}.sh`), words, { env, cwd: dir, stdio: 'ignore' })
    child.on('error', () => undefined)
    this.#children.push(child)
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

  killGuard(): void {
    const refresher = this.#record('s0')?.refresher
    if (refresher != null) signal({ pid: refresher.pid, started: refresher.pid_started }, 'SIGKILL')
  }

  /** @returns how many live of the worker after GONE_SECONDS, and whether that is for ever */
  async run(worker: Worker, way: Way, milliseconds: number): Promise<Left> {
    const { dir } = this.#sandbox
    const script = join(this.#layout.sources, 'worker.sh')
    const options = [...(way.options ?? []), ...(way.inTmux === true ? ['--detach'] : [])]
    for (const session of this.#sessions)
      this.command('engine', 'run', session, ...options, '--', script, worker, dir)
    const owners = await Promise.all(this.#sessions.map((session) => this.#owner(session, way)))
    for (const owner of owners) way.begin(this, owner)
    await sleep(milliseconds)
    for (const owner of owners) signal(owner, 'SIGKILL')
    await until(GONE_SECONDS, () => (this.survivors().length === 0 ? true : null))
    const count = this.survivors().length
    if (count > 0) await until(LATE_SECONDS, () => (this.survivors().length === 0 ? true : null))
    return { count, forEver: this.survivors().length }
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

  /** By their command line: the engine's and the guards' are told apart by their own programs. */
  survivors(): readonly Process[] {
    return allPids().flatMap((pid) => {
      const command = commandOf(pid)
      if (!command.includes(this.#sandbox.dir) || !/worker\.sh|tail|^perl/.test(command)) return []
      const found = inspect(pid)
      return found?.runs === true && !/loader\.cjs|tmux|engine\.sh/.test(command) ? [found] : []
    })
  }

  dispose(): void {
    const server = this.#record('s0')?.tmux?.server_pid
    if (server !== undefined) signal({ pid: server, started: inspect(server)?.started ?? -1 }, 'SIGKILL')
    for (const child of this.#children) child.kill('SIGKILL')
    for (const left of this.survivors()) signal(left, 'SIGKILL')
    removeSandbox(this.#sandbox)
  }
}

type Task = {
  readonly worker: Worker
  readonly name: string
  readonly way: Way
  readonly at: number
  readonly sessions: number
}

const tasksOf = (step: number, hasTmux: boolean, only: string): readonly Task[] =>
  Object.entries(WAYS)
    .filter(([, way]) => hasTmux || way.inTmux !== true)
    .flatMap(([name, way]) =>
      (Object.keys(WORKERS) as Worker[])
        // It is over before anybody could ask for its end.
        .filter((worker) => worker !== 'brief' || !way.needsWorker)
        .filter((worker) => `${name}: ${worker}`.includes(only))
        .flatMap((worker) => {
          const width = Math.max(step, way.step ?? 0)
          const count = Math.floor(way.last / width) + 1
          return Array.from({ length: count }, (_, index) => ({
            worker,
            name,
            way,
            at: index * width,
            sessions: 1,
          }))
        }),
    )

/** As a supervisor ends a machine's services: all at once. */
const fleetTasks = (sessions: number): readonly Task[] =>
  [50, 300, 1000].flatMap((at) =>
    (['deaf', 'forks'] as const).map((worker) => ({
      worker,
      name: 'term',
      way: WAYS.term as Way,
      at,
      sessions,
    })),
  )

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)

type Tally = { trials: number; survivors: number; forEver: number; readonly instants: number[] }

const runTasks = async (
  layout: Layout,
  tasks: readonly Task[],
  jobs: number,
  cgroup: string,
): Promise<ReadonlyMap<string, Tally>> => {
  const tallies = new Map<string, Tally>()
  const queue = [...tasks]
  let done = 0
  const work = async (): Promise<void> => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      const trial = new Trial(layout, cgroup, task.sessions)
      const key = `${task.name}: ${task.worker}`
      const tally = tallies.get(key) ?? { trials: 0, survivors: 0, forEver: 0, instants: [] }
      tallies.set(key, tally)
      try {
        const left = await trial.run(task.worker, task.way, task.at)
        tally.trials += 1
        tally.survivors += left.count
        tally.forEver += left.forEver
        if (left.count > 0) tally.instants.push(task.at)
      } finally {
        trial.dispose()
      }
      done += 1
      if (done % 50 === 0) console.error(`${done} of ${tasks.length} trials`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return tallies
}

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      step: { type: 'string', default: '10' },
      jobs: { type: 'string', default: '4' },
      sample: { type: 'string', default: '' },
      only: { type: 'string', default: '' },
      cgroup: { type: 'string', default: '' },
      fleet: { type: 'string', default: '14' },
      'late-ok': { type: 'boolean', default: false },
    },
  })
  if (!hasProc()) {
    console.log('instants: skipped: it counts in /proc, which is not here')
    return 0
  }
  spawnSync(join(layout.root, 'lock.sh'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const hasTmux = spawnSync('tmux', ['-V']).status === 0
  const all = shuffled(tasksOf(Number(values.step), hasTmux, values.only))
  const tasks = values.sample === '' ? all : all.slice(0, Number(values.sample))
  const tallies = await runTasks(layout, tasks, Number(values.jobs), values.cgroup)
  const fleet = values.sample === '' && values.only === '' ? fleetTasks(Number(values.fleet)) : []
  const fleets = await runTasks(layout, fleet, 1, values.cgroup)

  const ways = Object.keys(WAYS).filter((name) => tasks.some((task) => task.name === name))
  const workers = Object.keys(WORKERS).filter((worker) => tasks.some((task) => task.worker === worker))
  const cell = (way: string, worker: string): string => {
    const tally = tallies.get(`${way}: ${worker}`)
    return tally === undefined ? '' : `${tally.survivors} of ${tally.trials}`
  }
  console.log(
    `Processes of the worker that live ${GONE_SECONDS} s after their owner was killed, and trials:\n`,
  )
  console.log(
    table([['', ...workers], ...ways.map((way) => [way, ...workers.map((worker) => cell(way, worker))])]),
  )
  for (const [key, { survivors, forEver, trials }] of fleets)
    console.log(
      `${values.fleet} engines at once, ${key}: ${survivors} in ${trials} trials, ${forEver} for ever`,
    )
  console.log(`\n${ways.map((way) => `${way}: ${WAYS[way]?.words}`).join('\n')}`)
  let broken = 0
  for (const [key, { survivors, forEver, instants }] of [...tallies, ...fleets]) {
    broken += values['late-ok'] ? forEver : survivors
    if (survivors > 0)
      console.log(`${key}: at ${instants.join(', ')} ms; after ${LATE_SECONDS} s ${forEver} live`)
  }
  return broken === 0 ? 0 : 1
}
