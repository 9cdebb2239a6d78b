/** One session under the built engine: started in a pane or in a pipe, looked at from outside, ended. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pause, run } from './run.mjs'

const ROOT = new URL('../../../', import.meta.url).pathname
const ENGINE = join(ROOT, 'engine.sh')
const LOCK = join(ROOT, 'lock.sh')
const NAME = 'agent'
const COLUMNS = 120
const ROWS = 40
const KEPT_CHARACTERS = 4000

const parsed = (text, otherwise) => {
  try {
    return JSON.parse(text)
  } catch {
    return otherwise
  }
}

export class Session {
  #place
  #environment
  #child = null
  #tmuxServer = null
  #socket
  #said = ''

  /** @param environment of the engine and of the agent */
  constructor(place, environment) {
    this.#place = place
    this.#environment = environment
    this.#socket = join(place.root, 'tmux')
  }

  get #options() {
    return { cwd: this.#place.work, env: this.#environment }
  }

  /** @param where `pane` or `pipe`; @param limits durations by the name of the option */
  async start(where, limits, command) {
    const options = Object.entries(limits).flatMap(([name, seconds]) => [`--${name}`, `${seconds}s`])
    const words = [ENGINE, 'run', NAME, '--grace', '2s', ...options, '--', ...command]
    if (where === 'pane') return this.#startInPane(words)
    const [program, ...args] = words
    this.#child = spawn(program, args, { ...this.#options, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (data) => {
        this.#said = (this.#said + data).slice(-KEPT_CHARACTERS)
      })
    }
  }

  async #startInPane(words) {
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)]
    // The pane stays when the agent has ended, so that its last words can be read.
    const keep = [';', 'set-option', '-g', 'remain-on-exit', 'on']
    await this.#tmux(['new-session', '-d', '-s', NAME, ...size, ...words.map(quoted), ...keep])
    this.#tmuxServer = Number((await this.#tmux(['display-message', '-p', '#{pid}'])).stdout) || null
  }

  #tmux(args, socket = this.#socket) {
    return run('tmux', ['-S', socket, '-f', '/dev/null', ...args], this.#options)
  }

  get #innerSocket() {
    return `${this.#socket}-inner`
  }

  /** The command in a tmux server of its own, that the worker's terminal is attached to. */
  nested(command) {
    const tmux = ['env', '-u', 'TMUX', 'tmux', '-S', this.#innerSocket, '-f', '/dev/null']
    return [...tmux, 'new-session', ...command.map(quoted)]
  }

  /** The text of the pane, or what has come through the pipe. */
  async screen() {
    if (this.#child !== null) return this.#said
    return (await this.#tmux(['capture-pane', '-p', '-t', `=${NAME}:`])).stdout
  }

  /** @returns {Promise<{at: number, state: string, cause: string|null, reason: string, ended: object|null}>} */
  async look() {
    const { stdout } = await run(LOCK, ['status', NAME, '--json'], this.#options)
    const { state = 'unknown', cause = null, reason = '', ended = null } = parsed(stdout, {})
    return { at: performance.now() / 1000, state, cause, reason, ended }
  }

  /** The changes between hung and active that the history has, in order. */
  async changes() {
    const { stdout } = await run(LOCK, ['history', NAME, '--json'], this.#options)
    const events = parsed(stdout, []).map(({ event }) => event)
    return events.filter((event) => event === 'hung' || event === 'active-again')
  }

  async why() {
    return (await run(LOCK, ['why', NAME], this.#options)).stdout
  }

  async end() {
    await run(ENGINE, ['stop', NAME], this.#options)
    this.#child?.kill()
    await this.#endInner()
    await this.#tmux(['kill-server'])
    await this.#endTmuxServer()
  }

  /** A tmux server that the worker has started outlives the run; an agent in it may take no notice of the server's end. */
  async #endInner() {
    const { stdout } = await this.#tmux(['list-panes', '-a', '-F', '#{pane_pid}'], this.#innerSocket)
    await this.#tmux(['kill-server'], this.#innerSocket)
    for (const pid of stdout.split('\n').map(Number).filter(Boolean)) {
      try {
        process.kill(-pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
  }

  /** A server whose pane is dead and still has a pipe was seen to stay after kill-server, without its socket. */
  async #endTmuxServer() {
    const pid = this.#tmuxServer
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      for (let tries = 0; tries < 10 && (await this.#isTmuxServer(pid)); tries += 1) await pause(0.2)
      if (await this.#isTmuxServer(pid)) process.kill(pid, signal)
    }
  }

  async #isTmuxServer(pid) {
    if (pid === null) return false
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return words.includes(this.#socket)
  }
}

/** tmux joins the words of a command and gives them to a shell when there is more than one `;` or blank in them. */
const quoted = (word) => word.replace(/;$/, '\\;')
