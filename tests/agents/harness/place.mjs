/** A home, a work tree and a lock directory for one scene, in a temporary folder; and its environment. */
import { access, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from './run.mjs'

export const makePlace = async (url, permission) => {
  const root = await mkdtemp(join(tmpdir(), 'tsl-agents-'))
  const place = {
    root,
    home: join(root, 'home'),
    work: join(root, 'work'),
    locks: join(root, 'locks'),
    url,
    permission,
  }
  for (const folder of [place.home, place.work]) await mkdir(folder)
  await run('git', ['init', '--quiet', place.work], { env: environment(place) })
  return place
}

/** Nothing is inherited but the way to the programs; what an agent sends elsewhere meets the mock as its proxy. */
export const environment = ({ home, locks, url }) => ({
  PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
  HOME: home,
  SHELL: '/bin/sh',
  TERM: 'xterm-256color',
  COLORTERM: 'truecolor',
  LANG: 'C.UTF-8',
  LOCK_DIR: locks,
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  http_proxy: url,
  https_proxy: url,
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
  DO_NOT_TRACK: '1',
})

const isThere = (path) =>
  access(path).then(
    () => true,
    () => false,
  )

/** The agent's tool has been started. */
export const hasStarted = ({ work }) => isThere(join(work, 'started'))

const serverMark = ({ root }) => join(root, 'server-started')

/** An MCP server that never answers. */
export const hangingServer = (place) => ({
  command: '/bin/sh',
  args: ['-c', `touch ${serverMark(place)}; exec sleep 7200`],
})

export const hasServer = (place) => isThere(serverMark(place))

/** Daemons that an agent has started from its home, in a tmux server that is none of the worker's processes. */
const endDaemons = async (root) => {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (words.startsWith(`${root}/`)) process.kill(Number(pid), 'SIGKILL')
  }
}

export const removePlace = async ({ root }) => {
  await endDaemons(root)
  await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
