/**
 * Workers that try to outlive their run, and every way in which a run can be killed: how many processes are left when
 * all is over.
 *
 * usage: npm run orphans -- [--rounds 50] [--jobs 2] [--only TEXT] [--cgroup none]
 *        npm run orphans -- --instants [OPTION...]      see instants.ts
 *
 * Exits with 1 when one is left, of whatever kind; without control groups, of a kind that leads back to its run.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layout } from './lib/layout.ts'
import { allPids, commandOf, hasProc, inspect, type Process, signal, sleep, until } from './lib/machine.ts'
import { makeSandbox, removeSandbox, type Sandbox } from './lib/sandbox.ts'
import { table } from './lib/table.ts'

/** How each loses what leads to it; and for those that can lose all of it but the control group, when. */
const KINDS: Readonly<Record<string, { readonly words: string; readonly escapes?: string }>> = {
  fork: { words: 'a child' },
  'double-fork': { words: 'a grandchild whose parent is gone' },
  setsid: { words: 'a child in a session of its own' },
  'ignores-term': { words: 'a child that ignores TERM, HUP and INT' },
  'no-environment': { words: 'a child without an environment' },
  'no-descriptors': { words: 'a child without a descriptor' },
  daemon: { words: 'without its parents, in a session of its own' },
  'breeds-when-ended': { words: 'has five more children, deaf to TERM, when it gets a TERM' },
  chain: { words: 'each gives birth to the next and is gone, a hundred times a second' },
  'daemon-without-environment': {
    words: 'without its parents, group and environment, within a millisecond',
    escapes: 'neither descent, group nor cookie, and gone before anybody looked',
  },
  'slow-daemon-without-environment': {
    words: 'the same, by a parent that has lived for some seconds',
    escapes:
      'found while its parent lives, if the refresher samples between its birth and the death of the parent',
  },
}

const KILLS = [
  'engine',
  'refresher',
  'engine and refresher',
  'all guards',
  'tmux server',
  'tmux pane',
] as const
type Kill = (typeof KILLS)[number]

type Reference = { readonly pid: number; readonly pid_started: number }
type Stored = Reference & {
  readonly phase: string
  readonly worker: Reference | null
  readonly refresher: Reference | null
  readonly cgroup: string | null
  readonly tmux: { readonly server_pid: number; readonly pane: string; readonly socket: string } | null
}

const SESSION = 's'
const PATIENCE_SECONDS = 60

const target = ({ pid, pid_started }: Reference) => ({ pid, started: pid_started })

class Round {
  readonly #place: Layout
  readonly #sandbox: Sandbox

  constructor(layout: Layout, cgroup: string) {
    this.#place = layout
    const sandbox = makeSandbox('orphans')
    const env = cgroup === '' ? sandbox.env : { ...sandbox.env, LOCK_CGROUP_STRATEGY: cgroup }
    this.#sandbox = { ...sandbox, env }
    writeFileSync(join(this.#sandbox.dir, 'alive'), '')
  }

  #record(): Stored | null {
    const file = join(this.#sandbox.locks, `${SESSION}.json`)
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stored) : null
  }

  async #command(program: 'engine' | 'lock', ...args: readonly string[]): Promise<void> {
    const { env, dir } = this.#sandbox
    const child = spawn(join(this.#place.root, `${program}.sh`), args, { env, cwd: dir, stdio: 'ignore' })
    await new Promise((resolve, reject) => child.on('exit', resolve).on('error', reject))
  }

  async #see(what: string, found: () => boolean): Promise<void> {
    if ((await until(PATIENCE_SECONDS, found)) === null) throw new Error(`waited in vain: ${what}`)
  }

  /** Processes of the worker, by what no trick of theirs takes from them: their command line. */
  survivors(): readonly Process[] {
    return allPids().flatMap((pid) => {
      const command = commandOf(pid)
      if (pid === process.pid || !command.includes(this.#sandbox.dir) || !/breeder|tail/.test(command))
        return []
      const process_ = inspect(pid)
      // The engine has its worker's command line in its own.
      return process_?.runs === true && !/main\.cjs|tmux/.test(command) ? [process_] : []
    })
  }

  async run(kind: string, kill: Kill): Promise<{ readonly survivors: number; readonly canEscape: boolean }> {
    const inTmux = kill.startsWith('tmux')
    const { env, dir } = this.#sandbox
    const breeder = join(this.#place.sources, 'breeder.sh')
    const engine = spawn(
      join(this.#place.root, 'engine.sh'),
      ['run', SESSION, ...(inTmux ? ['--detach'] : []), '--grace', '1', '--', breeder, kind, dir],
      { env, cwd: dir, stdio: 'ignore' },
    )
    engine.on('error', (error) => {
      throw error
    })
    await this.#see(
      'the worker is ready',
      () => existsSync(join(dir, 'ready')) && this.#record()?.worker != null,
    )
    // Before the refresher is there, and after it has looked a few times.
    await sleep(Math.random() * 4000)
    const record = this.#record()
    if (record === null) throw new Error('the record is gone')
    await this.#kill(kill, record)
    // What they do not end is ended by whoever comes next.
    await this.#command('engine', 'stop', SESSION)
    await this.#command('lock', 'reap', SESSION)
    await until(3, () => this.survivors().length === 0)
    return { survivors: this.survivors().length, canEscape: record.cgroup === null }
  }

  async #kill(kill: Kill, record: Stored): Promise<void> {
    const owner = target(record)
    const isGone = (process: { pid: number; started: number }) => (): boolean => {
      const found = inspect(process.pid)
      return found?.started !== process.started || !found.runs
    }
    switch (kill) {
      case 'engine':
        signal(owner, 'SIGKILL')
        if (record.refresher !== null)
          await this.#see('the refresher has cleared up', isGone(target(record.refresher)))
        return
      case 'refresher':
        if (record.refresher !== null) signal(target(record.refresher), 'SIGKILL')
        return
      case 'engine and refresher': {
        signal(owner, 'SIGSTOP')
        const refresher = this.#record()?.refresher ?? null
        if (refresher !== null) signal(target(refresher), 'SIGSTOP')
        signal(owner, 'SIGKILL')
        if (refresher !== null) signal(target(refresher), 'SIGKILL')
        return
      }
      case 'all guards': {
        // Nobody is left then, and whoever comes next has to find the worker.
        signal(owner, 'SIGSTOP')
        const guards = allPids().flatMap((pid) => {
          const found = inspect(pid)
          return found?.parent === owner.pid && /session-lock|guard\.js/.test(commandOf(pid)) ? [found] : []
        })
        for (const found of [...guards, owner]) signal(found, 'SIGKILL')
        return
      }
      case 'tmux server': {
        const server = record.tmux?.server_pid ?? 0
        signal({ pid: server, started: inspect(server)?.started ?? -1 }, 'SIGKILL')
        await this.#see('the engine has ended', isGone(owner))
        return
      }
      case 'tmux pane':
        spawnSync('tmux', ['-S', record.tmux?.socket ?? '', 'kill-pane', '-t', record.tmux?.pane ?? ''], {
          env: this.#sandbox.env,
        })
        await this.#see('the engine has ended', isGone(owner))
    }
  }

  dispose(): void {
    const server = this.#record()?.tmux?.server_pid
    if (server !== undefined) signal({ pid: server, started: inspect(server)?.started ?? -1 }, 'SIGKILL')
    for (let round = 0; round < 200 && this.survivors().length > 0; round += 1) {
      const left = this.survivors()
      // Who is stopped gives birth to nobody.
      for (const process of left) signal({ pid: process.pid, started: process.started }, 'SIGSTOP')
      for (const process of left) signal({ pid: process.pid, started: process.started }, 'SIGKILL')
    }
    removeSandbox(this.#sandbox)
  }
}

export const main = async (layout: Layout, args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '50' },
      jobs: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      cgroup: { type: 'string', default: '' },
    },
  })
  if (!hasProc()) {
    console.log('orphans: skipped: it counts in /proc, which is not here')
    return 0
  }
  setPriority(19)
  spawnSync(join(layout.root, 'lock.sh'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const hasTmux = spawnSync('tmux', ['-V']).status === 0
  const kills = KILLS.filter((kill) => hasTmux || !kill.startsWith('tmux'))
  const cells = Object.keys(KINDS)
    .flatMap((kind) => kills.map((kill) => ({ kind, kill })))
    .filter(({ kind, kill }) => `${kind}: ${kill}`.includes(values.only))
  const left = new Map<string, number>()
  let hasCgroups = true
  const queue = Array.from({ length: Number(values.rounds) }, () => cells).flat()
  let done = 0
  const total = queue.length
  const worker = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      const round = new Round(layout, values.cgroup)
      try {
        const { survivors, canEscape } = await round.run(cell.kind, cell.kill)
        if (canEscape) hasCgroups = false
        const key = `${cell.kind}: ${cell.kill}`
        left.set(key, (left.get(key) ?? 0) + survivors)
        done += 1
        if (done % 50 === 0) console.error(`${done} of ${total} rounds`)
      } finally {
        round.dispose()
      }
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker))

  const kinds = Object.entries(KINDS).filter(([kind]) => cells.some((cell) => cell.kind === kind))
  const count = (kind: string, kill: Kill): number | string => left.get(`${kind}: ${kill}`) ?? ''
  const means = hasCgroups ? 'with control groups' : 'without control groups'
  console.log(`Processes left, ${means}, after ${values.rounds} rounds of each:\n`)
  console.log(
    table([['', ...kills], ...kinds.map(([kind]) => [kind, ...kills.map((kill) => count(kind, kill))])]),
  )
  console.log(
    `\n${kinds.map(([kind, { words, escapes }]) => `${kind}: ${words}${hasCgroups || escapes === undefined ? '' : `\n  can escape: ${escapes}`}`).join('\n')}`,
  )
  const broken = kinds.some(
    ([kind, { escapes }]) =>
      (hasCgroups || escapes === undefined) && kills.some((kill) => Number(count(kind, kill)) > 0),
  )
  return broken ? 1 : 0
}
