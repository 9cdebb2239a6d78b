/** One scenario under the real engine: start it, do to it what its entry says, end it. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isAlive, processStates } from './observe.mjs'

/** Met only when it does not end at all. */
const END_SECONDS = 30
/** Should the harness be killed, the engines end what they have started. */
const LIFE_SECONDS = 150

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`

const signal = (pid, name) => {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile.
  }
}

/** Asked of ps: tmux can be late to collect a pane's program, and a signal reaches a zombie too. */
const isThere = async (pid) => isAlive(await processStates([pid]), pid)

export class Session {
  #sandbox
  #scenario
  #scratch
  #markPath
  #outPath
  #struckAt = null
  #child = null
  /** The last record that was seen open. */
  record = null

  /** @param {object} limits seconds or `off` */
  constructor(sandbox, scenario, limits) {
    this.#sandbox = sandbox
    this.#scenario = scenario
    this.limits = limits
    this.#scratch = sandbox.scratch(scenario.name)
    this.#markPath = join(sandbox.dir, `${scenario.name}.mark`)
    this.#outPath = join(sandbox.dir, `${scenario.name}.out`)
  }

  async start({ url, silentPort }) {
    const { name, terminal, options, program } = this.#scenario
    const { interval, stale, quiet, stuck } = this.limits
    const command = [
      this.#sandbox.engine,
      'run',
      name,
      ...['--heartbeat-interval', interval, '--stale-after', stale].map(String),
      ...['--quiet-after', quiet, '--stuck-after', stuck].map(String),
      ...['--grace', '1', '--timeout', String(LIFE_SECONDS)],
      ...(options.includes('-n') ? [] : ['-n', '1']),
      ...options,
      '--',
      ...program,
    ]
    const variables = {
      ZOO_MARK: this.#markPath,
      ZOO_SCRATCH: this.#scratch,
      ZOO_SERVER: url,
      ZOO_SILENT_PORT: String(silentPort),
      ZOO_LOCK: this.#sandbox.lockSh,
    }
    if (!terminal) {
      const out = openSync(this.#outPath, 'a')
      const [file, ...args] = command
      const env = { ...this.#sandbox.env, ...variables }
      // A session of its own: a Ctrl-C is for the harness, which ends them cleanly.
      this.#child = spawn(file, args, { detached: true, env, stdio: ['ignore', out, out] })
      this.#child.on('error', () => undefined)
      closeSync(out)
      return
    }
    const inPane = terminal === 'shell' ? ['bash', '--norc', '--noprofile', '-i'] : command
    const assignments = Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`])
    await this.#sandbox.tmux(
      'new-session',
      '-d',
      '-s',
      name,
      '-x',
      '80',
      '-y',
      '24',
      ...assignments,
      '--',
      ...inPane,
    )
    if (terminal === 'shell') await this.#type(command.map(quoted).join(' '), 'Enter')
  }

  async #type(...keys) {
    await this.#sandbox.tmux('send-keys', '-t', `=${this.#scenario.name}:`, ...keys)
  }

  /** When the hang has begun, in epoch seconds; `null`: not yet. */
  get mark() {
    if (this.#scenario.strike !== undefined) return this.#struckAt
    const stat = statSync(this.#markPath, { throwIfNoEntry: false })
    return stat === undefined ? null : stat.mtimeMs / 1000
  }

  /** Of all output that is kept; `null`: nothing is. */
  get outputBytes() {
    const runs = join(this.#sandbox.lockDir, this.#scenario.name, 'runs')
    const logs = existsSync(runs)
      ? readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.log'))
      : []
    if (logs.length === 0) return null
    return logs.reduce(
      (sum, file) => sum + (statSync(join(runs, file), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  }

  #pidOf(part) {
    return part === 'owner' ? this.record?.pid : this.record?.[part]?.pid
  }

  /** @returns whether there was anybody to do it to */
  async strike() {
    const { signal: name, to, keys } = this.#scenario.strike
    if (keys !== undefined) {
      await this.#type(...keys)
      this.#struckAt = Date.now() / 1000
      return true
    }
    const pid = this.#pidOf(to)
    if (pid === undefined) return false
    signal(pid, name)
    this.#struckAt = Date.now() / 1000
    return true
  }

  async revive() {
    const { revive } = this.#scenario
    if (revive.keys) await this.#type(...revive.keys)
    else signal(this.#pidOf(revive.to), revive.signal)
  }

  /** In order, as a person would. @returns whether the owner is gone */
  async end() {
    const { record } = this
    const owner = record?.pid ?? this.#child?.pid
    for (const pid of [owner, record?.refresher?.pid, record?.worker?.pid]) {
      if (pid) signal(pid, 'SIGCONT')
    }
    if (owner) signal(owner, 'SIGTERM')
    const deadline = Date.now() + END_SECONDS * 1000
    let isOver = owner === undefined
    while (!isOver && Date.now() < deadline) {
      await setTimeout(100)
      isOver = !(await isThere(owner))
    }
    if (this.#scenario.terminal) {
      await this.#sandbox.tmux('kill-session', '-t', `=${this.#scenario.name}:`).catch(() => undefined)
    }
    return isOver
  }

  /** What the engine, and the worker through it, has said last. */
  lastWords(lines = 5) {
    try {
      return readFileSync(this.#outPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
    } catch {
      return ''
    }
  }
}
