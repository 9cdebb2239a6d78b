/**
 * Makes the pictures of README.md from real runs: real engines, real jobs, a real tmux. Wants tmux; takes about a minute.
 *
 * usage: npm run pictures
 *
 *   docs/pictures/watch.svg   lock.sh watch, with sessions that are active, hung, dead and need somebody
 *   docs/pictures/why.svg     lock.sh why, of the one that hangs
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drawScreen, readScreen } from './terminal-svg.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const pictures = join(root, 'docs', 'pictures')
/** A home of its own, so that no path of this machine is in a picture. */
const work = mkdtempSync(join(tmpdir(), 'demo-'))
const server = `pictures-${process.pid}`
const PATIENCE_SECONDS = 90

const { TMUX: _tmux, TMUX_PANE: _pane, NO_COLOR: _color, ...outer } = process.env
const env = {
  ...outer,
  HOME: work,
  LOCK_DIR: '',
  // What is compiled is found where it always is.
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  XDG_STATE_HOME: '',
  PATH: `${join(root, 'scripts')}:${process.env.PATH}`,
  TERM: 'screen-256color',
  LANG: 'C.UTF-8',
}

const run = (command, ...args) =>
  execFileSync(command, args, { cwd: work, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const tmux = (...words) => run('tmux', '-L', server, ...words)

const until = async (what, isTrue) => {
  for (let tries = 0; tries < PATIENCE_SECONDS * 4; tries += 1) {
    if (isTrue()) return
    await pause(250)
  }
  throw new Error(`not within ${PATIENCE_SECONDS} s: ${what}`)
}

/** As JSON tells it; also when some session is not well, which is an exit code. */
const statusOf = (name) =>
  JSON.parse(
    spawnSync('lock.sh', ['status', '--json', name], { cwd: work, env, encoding: 'utf8' }).stdout || '{}',
  )
const stateOf = (name) => statusOf(name).state

const start = (name, options, script) =>
  spawn('engine.sh', ['run', name, ...options, '--', 'sh', '-c', script], {
    cwd: work,
    env,
    stdio: 'ignore',
    detached: true,
  })

const screenOf = (pane) => tmux('capture-pane', '-e', '-p', '-t', pane)

/** @returns what a command shows in a terminal of this size, when `isThere` says that it is all there */
const show = async (command, { columns, rows }, isThere) => {
  const pane = tmux(
    ...['new-session', '-d', '-P', '-F', '#{pane_id}', '-x', String(columns), '-y', String(rows)],
    `${command}; sleep 300`,
  ).trim()
  await until(`${command} shows what it is to`, () => isThere(screenOf(pane)))
  return screenOf(pane)
}

const save = async (name, ansi, size, words) => {
  // What stays empty below is cut off.
  const screen = await readScreen(ansi, size)
  while (screen.at(-1)?.every(({ text }) => text.trim() === '')) screen.pop()
  writeFileSync(join(pictures, `${name}.svg`), drawScreen(screen, { columns: size.columns, ...words }))
  console.log(`docs/pictures/${name}.svg`)
}

const SHORT = ['--heartbeat-interval', '1', '--stale-after', '3', '--quiet-after', '6']

const startAll = async () => {
  // The iterations before tell how long one lasts.
  start(
    'docs',
    ['-n', '12'],
    'for n in 1 2 3 4 5 6 7 8; do echo "chapter $LOCK_ITERATION, page $n"; sleep 0.7; done',
  )
  start('api', [...SHORT, '-n', '5'], 'echo "connecting to the model"; exec sleep 1000')
  start(
    'review',
    [],
    'echo "may I run: rm -rf build"; lock.sh attention permission "Bash: rm -rf build"; exec sleep 1000',
  )
  const nightly = start('nightly', ['-n', 'inf'], 'echo "downloading"; exec sleep 1000')
  await until('nightly works', () => stateOf('nightly') === 'active')
  nightly.kill('SIGKILL')
  await until('nightly is dead', () => stateOf('nightly') === 'dead')
  await until('api hangs', () => stateOf('api') === 'hung')
  await until('docs is in its fourth iteration', () => statusOf('docs').iteration >= 4)
}

const main = async () => {
  mkdirSync(pictures, { recursive: true })
  await startAll()
  const wide = { columns: 110, rows: 16 }
  const table = await show('lock.sh watch', wide, (screen) =>
    ['docs', 'api', 'nightly', 'may I run'].every((word) => screen.includes(word)),
  )
  await save('watch', table, wide, {
    title: 'lock.sh watch',
    description:
      'A table of four sessions: review needs somebody for a permission, api is hung, nightly is dead, docs is active. Below it the last output of the selected session.',
  })
  const tall = { columns: 110, rows: 40 }
  const why = await show('lock.sh why api', tall, (screen) => screen.includes('--force'))
  await save('why', why, tall, {
    title: 'lock.sh why api',
    description:
      'Why the session api is hung: the verdict, the evidence, its processes, and what to do next.',
  })
}

try {
  await main()
} finally {
  for (const name of ['docs', 'api', 'review'])
    try {
      run('engine.sh', 'stop', name)
    } catch {
      // It was not started, or has ended.
    }
  try {
    tmux('kill-server')
  } catch {
    // There was none.
  }
  rmSync(work, { recursive: true, force: true })
}
