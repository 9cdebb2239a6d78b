/** Two commands in turn, A B A B …, medians of the pairs: the machine's speed cancels out. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const lock = join(root, 'lock.sh')
export const engine = join(root, 'engine.sh')

// A certificate store that Node reads at every start would be most of what is measured.
const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...rest } = process.env
export const environment = rest

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

export const timeOf = ([command, ...args], env) => {
  const started = process.hrtime.bigint()
  const { error } = spawnSync(command, args, { env: { ...environment, ...env }, stdio: 'ignore' })
  if (error) throw error
  return Number(process.hrtime.bigint() - started) / 1e6
}

/** Medians in milliseconds, and the median of the ratios pair by pair. */
export const compare = (a, b, pairs) => {
  for (const { command, env } of [a, b]) timeOf(command, env)
  const rounds = Array.from({ length: pairs }, () => [timeOf(a.command, a.env), timeOf(b.command, b.env)])
  return {
    a: median(rounds.map(([first]) => first)),
    b: median(rounds.map(([, second]) => second)),
    ratio: median(rounds.map(([first, second]) => first / second)),
  }
}

export const directories = []
export const lockDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'lock-bench-'))
  directories.push(dir)
  return dir
}

export const until = async (found) => {
  for (;;) {
    const value = found()
    if (value) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const recordOf = (dir, name) => {
  try {
    return JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8'))
  } catch {
    return null
  }
}

/** A session that lives while `measure` runs. */
export const withSession = async (dir, options, measure, command = ['sleep', '1000']) => {
  const owner = spawn(engine, ['run', 's0', ...options, '--', ...command], {
    env: { ...environment, LOCK_DIR: dir },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => owner.on('exit', resolve))
  try {
    const record = await until(() => {
      const found = recordOf(dir, 's0')
      return found?.refresher ? found : null
    })
    return await measure(record)
  } finally {
    owner.kill('SIGTERM')
    await ended
  }
}

const rows = []
/** One line of the table. */
export const report = (what, value, goal) => rows.push({ what, value, goal })

export const reportRatio = (what, { a, b, ratio }, goal) =>
  report(what, `${ratio.toFixed(2)} x  (${a.toFixed(0)} / ${b.toFixed(0)} ms)`, goal)

export const printTable = () => {
  const width = (key) => Math.max(key.length, ...rows.map((row) => row[key].length))
  for (const row of [{ what: 'WHAT', value: 'MEASURED', goal: 'GOAL' }, ...rows]) {
    console.log(`${row.what.padEnd(width('what'))}  ${row.value.padEnd(width('value'))}  ${row.goal}`)
  }
}

export const removeDirectories = () => {
  for (const dir of directories) rmSync(dir, { recursive: true, force: true })
}
