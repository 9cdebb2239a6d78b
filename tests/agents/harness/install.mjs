/**
 * The cache of agents: one folder of packages for each version. No script of a package is run: what is a binary comes as
 * an optional package for the platform.
 */
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.mjs'

const INSTALL_MILLISECONDS = 580_000

export const defaultCache = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tmux-session-lock-agents')

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  )

/** The last line that npm says of an error. */
const reasonOf = ({ code, stderr }) => {
  const lines = stderr
    .split('\n')
    .filter((line) => /npm (ERR!|error)/.test(line) && !/log of this run/.test(line))
  return lines[0]?.replace(/^npm (ERR!|error) ?/, '') ?? `npm ended with ${code}`
}

const isThere = async (agent, modules) => {
  const paths = agent.program(modules).filter((part) => part.startsWith(modules))
  return (await Promise.all(paths.map(exists))).every(Boolean)
}

/** @returns {Promise<{modules: string}|{reason: string}>} the folder of packages, or why there is none */
export const install = async (agent, cache) => {
  const folder = join(cache, `${agent.name}-${agent.version}`)
  const modules = join(folder, 'node_modules')
  if (await isThere(agent, modules)) return { modules }
  // Beside it, and moved into its place when it is whole: an interrupted installation leaves nothing that looks whole.
  const part = `${folder}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  await writeFile(join(part, 'package.json'), '{"private":true}\n')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const result = await run('npm', [...args, `${agent.package}@${agent.version}`], {
    cwd: part,
    timeout: INSTALL_MILLISECONDS,
  })
  if (result.code !== 0) {
    await rm(part, { recursive: true, force: true })
    return { reason: reasonOf(result) }
  }
  await rm(folder, { recursive: true, force: true })
  await rename(part, folder)
  return (await isThere(agent, modules)) ? { modules } : { reason: 'it has no program for this platform' }
}
