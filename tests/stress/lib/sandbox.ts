/** A directory of a harness's own, and an environment in which nothing of the person's own session is left. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeCgroup } from '../../../src/process/cgroup.ts'
import { carriersOf, signal } from './machine.ts'

export type Sandbox = {
  /** Also in the environment of every process started in it, as `STRESS_DIR`: whoever carries it is ours. */
  readonly dir: string
  readonly locks: string
  readonly env: Readonly<Record<string, string>>
}

const FOREIGN =
  /^(LOCK_|TMUX|XDG_STATE_HOME$|NODE_EXTRA_CA_CERTS$|NODE_OPTIONS$|NO_COLOR$|FORCE_COLOR$|STRESS_)/

export const makeSandbox = (name: string): Sandbox => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), `lock-${name}-`)))
  chmodSync(dir, 0o700)
  const locks = join(dir, 'locks')
  const home = join(dir, 'home')
  mkdirSync(locks, { mode: 0o700 })
  mkdirSync(home, { mode: 0o700 })
  const kept = Object.entries(process.env).flatMap(([key, value]) =>
    value === undefined || FOREIGN.test(key) ? [] : [[key, value] as const],
  )
  return {
    dir,
    locks,
    env: { ...Object.fromEntries(kept), HOME: home, LOCK_DIR: locks, STRESS_DIR: dir, TMUX_TMPDIR: dir },
  }
}

/** Ends by SIGKILL whatever carries the sandbox in its environment. @returns how many there were */
export const sweep = (sandbox: Sandbox): number => {
  const left = carriersOf(`STRESS_DIR=${sandbox.dir}`)
  for (const process of left) signal(process, 'SIGKILL')
  return left.length
}

/** A run that was killed leaves its empty control group to the next one. */
const removeCgroups = ({ locks }: Sandbox): void => {
  for (const entry of readdirSync(locks, { withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.json')) continue
    const [, cgroup = null] =
      /^ "cgroup": "(.*)",$/m.exec(readFileSync(join(locks, entry.name), 'utf8')) ?? []
    removeCgroup(cgroup)
  }
}

export const removeSandbox = (sandbox: Sandbox): void => {
  for (let round = 0; round < 50 && sweep(sandbox) > 0; round += 1);
  removeCgroups(sandbox)
  rmSync(sandbox.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}
