/** Sessions and directories for the rows, and what they leave is taken away. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const programs = join(root, 'scripts', 'bench', 'programs')
export const lock = join(root, 'lock.sh')
export const engine = join(root, 'engine.sh')
export const shellSession = join(programs, 'session.sh')

// A certificate store that Node reads at every start would be most of what is measured.
const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...rest } = process.env
export const environment = rest

export const floor = { command: [process.execPath, '-e', '0'] }

const directories = []
export const lockDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'lock-bench-'))
  directories.push(dir)
  return dir
}

export const removeDirectories = () => {
  for (const dir of directories) rmSync(dir, { recursive: true, force: true })
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const PATIENCE_MS = 60_000

/** @returns the first value that is something @throws when there was none for a minute */
export const until = async (found, pauseMs = 20) => {
  const started = performance.now()
  while (performance.now() - started < PATIENCE_MS) {
    const value = found()
    if (value) return value
    await sleep(pauseMs)
  }
  throw new Error(`not within ${PATIENCE_MS / 1000} s: ${found}`)
}

export const recordOf = (dir, name) => {
  try {
    return JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8'))
  } catch {
    return null
  }
}

export const isInstalled = (command) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .some((dir) => spawnSync('test', ['-x', join(dir, command)]).status === 0)

/** The command that begins a session with one iteration, by the kind of program. */
const START = {
  ours: (name, options, command) => [engine, 'run', name, ...options, '--', ...command],
  shell: (name, _options, command) => [shellSession, 'run', name, '1', ...command],
}

const WORKER = ['sleep', '1000']

/**
 * Begins a session, and waits until it has its refresher.
 *
 * @returns `{ record, owner, end() }`
 */
export const startSession = async (kind, dir, name, { options = [], command = WORKER, env = {} } = {}) => {
  const [program, ...args] = START[kind](name, options, command)
  const owner = spawn(program, args, {
    env: { ...environment, LOCK_DIR: dir, ...env },
    stdio: 'ignore',
    detached: true,
  })
  const ended = new Promise((resolve) => owner.on('exit', resolve))
  const record = await until(() => {
    const found = recordOf(dir, name)
    return found?.refresher ? found : null
  })
  const end = async () => {
    owner.kill('SIGTERM')
    await ended
  }
  return { record, owner: owner.pid, ended, end }
}

/** A session that lives while `measure` runs. */
export const withSession = async (kind, dir, options, measure) => {
  const session = await startSession(kind, dir, 's0', options)
  try {
    return await measure(session)
  } finally {
    await session.end()
  }
}
