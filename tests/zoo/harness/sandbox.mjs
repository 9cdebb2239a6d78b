/**
 * A place of its own for a round: directory, lock directory, tmux server. What it starts carries its LOCK_DIR in the
 * environment, and by that it is found again; nothing else on the machine is ever signalled.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const SOCKET = 'zoo'

/** A certificate store is read at every start of Node; the rest would tie the zoo to somebody's session. */
const NOT_FOR_THE_ZOO =
  /^(NODE_EXTRA_CA_CERTS|NODE_OPTIONS|TMUX|TMUX_PANE|LESS|LOCK_(?!NODE$|.*_STRATEGY$).*)$/

/** Exit code and what was printed; never rejects but for a program that cannot be started. */
const run = (command, args, env) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        printed[stream] += text
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...printed }))
  })

export class Sandbox {
  #gone = false

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'lock-zoo-'))
    this.lockDir = join(this.dir, 'locks')
    this.engine = join(ROOT, 'engine.sh')
    this.lockSh = join(ROOT, 'lock.sh')
    const kept = Object.entries(process.env).filter(([key]) => !NOT_FOR_THE_ZOO.test(key))
    this.env = {
      ...Object.fromEntries(kept),
      LOCK_DIR: this.lockDir,
      TMUX_TMPDIR: this.dir,
      TERM: 'xterm-256color',
    }
  }

  /** A directory for what a scenario writes. */
  scratch(name) {
    const path = join(this.dir, 'scratch', name)
    mkdirSync(path, { recursive: true })
    return path
  }

  lock(...args) {
    return run(this.lockSh, args, this.env)
  }

  async tmux(...args) {
    const { code, stdout, stderr } = await run('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], this.env)
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${stderr.trim()}`)
    return stdout
  }

  /** Processes that carry the sandbox's LOCK_DIR. Without /proc: nothing. */
  processes() {
    if (!existsSync('/proc/self/environ')) return []
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid && this.#isOurs(pid))
  }

  #isOurs(pid) {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`LOCK_DIR=${this.lockDir}`)
    } catch {
      return false
    }
  }

  describe(pid) {
    try {
      return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`
    } catch {
      return String(pid)
    }
  }

  /** Owner, refresher, worker and its descendants of every session, for where environments cannot be read. */
  #recorded() {
    const pids = []
    for (const file of existsSync(this.lockDir) ? readdirSync(this.lockDir) : []) {
      if (!file.endsWith('.json')) continue
      try {
        const { pid, ended, worker, refresher, members } = JSON.parse(
          readFileSync(join(this.lockDir, file), 'utf8'),
        )
        if (ended !== null) continue
        pids.push(pid, refresher?.pid, worker?.pid, ...members.map((member) => member.pid))
      } catch {
        // Half a record names nobody.
      }
    }
    return pids.filter(Number.isInteger)
  }

  /** At once and by force, whatever is still there. Synchronous, so that it can be the last thing that is done. */
  destroy() {
    if (this.#gone) return
    this.#gone = true
    try {
      execFileSync('tmux', ['-L', SOCKET, 'kill-server'], { env: this.env, stdio: 'ignore' })
    } catch {
      // None was started.
    }
    const found = existsSync('/proc/self/environ') ? () => this.processes() : () => this.#recorded()
    // Who is killed may have started another meanwhile.
    for (let round = 0, pids = found(); pids.length > 0 && round < 20; round += 1, pids = found()) {
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // Gone meanwhile.
        }
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}
