/** What the comparison needs and the program does not: kept outside the repository, and got when it is first needed. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { environment } from './tools.mjs'

const PACKAGES = {
  pm2: { version: '7.0.4', program: 'pm2/bin/pm2' },
  concurrently: { version: '10.0.7', program: 'concurrently/dist/bin/index.js' },
}

export const cacheDir = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tmux-session-lock-bench')

/** @returns `{ path }` of its program, or `{ path: null, reason }` */
export const installed = (name) => {
  const { version, program } = PACKAGES[name]
  const dir = join(cacheDir(), `${name}-${version}`)
  const path = join(dir, 'node_modules', program)
  if (existsSync(path)) return { path, version }
  mkdirSync(dir, { recursive: true })
  const { status, stderr, error } = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      dir,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ],
    { env: { ...environment, ...certificates() }, encoding: 'utf8', timeout: 120_000 },
  )
  if (status === 0 && existsSync(path)) return { path, version }
  const reason = error?.message ?? stderr.trim().split('\n')[0] ?? ''
  return { path: null, reason: reason || `${program} is not in the package` }
}

/** npm may need the certificate store that the measured programs are kept from. */
const certificates = () =>
  process.env.NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS } : {}

const versionOf = (path) => {
  const { status, stdout } = spawnSync(path, ['--version'], { env: environment, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${path} is no Node`)
  return stdout.trim().slice(1)
}

/** This Node, those that were given, and those of the cache: node-VERSION/bin/node. One of each version. */
export const nodes = (given) => {
  const dir = cacheDir()
  const kept = existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name, 'bin', 'node')) : []
  const all = [process.execPath, ...given, ...kept.filter(existsSync)].map((path) => ({
    path,
    version: versionOf(path),
  }))
  return all.filter(({ version }, n) => all.findIndex((other) => other.version === version) === n)
}
