/** Looks whether this machine can keep the promises, and what in the lock directory needs a person. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '../cli/terminal.ts'
import { JSON_OPTION, print, printJson, stdout, type Verb } from '../cli/verb.ts'
import { LockError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { firstProcessProblem, HOW_TO_COLLECT } from '../process/first-process.ts'
import { logOutEnds } from '../process/log-out.ts'
import { openSession } from '../session/session.ts'
import { probeLock, tryAcquire } from '../store/kernel-lock.ts'
import { emptiedAtBootOf, prepareLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import { isTooOld, OLDEST_TMUX, tmuxVersion } from '../tmux/tmux.ts'
import type { World } from '../world.ts'

export type Check = {
  readonly level: 'ok' | 'warning' | 'error'
  readonly what: string
  readonly found: string
  readonly fix?: string | undefined
  /** Of an error. */
  readonly exitCode?: number
}

const attempt = async (what: string, check: () => Check | Promise<Check>): Promise<Check> => {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof LockError)) throw error
    return { level: 'error', what, found: error.message, fix: error.hint, exitCode: error.exitCode }
  }
}

const ok = (what: string, found: string): Check => ({ level: 'ok', what, found })

/** Two descriptors of one file: the second must not get what the first holds. */
const tryKernelLock = async (world: World): Promise<Check> => {
  const what = 'kernel lock'
  const path = join(world.lockDir, `.doctor-${world.self.pid}.lock`)
  const lock = await tryAcquire(path, world.lockTool, world.clock, 0)
  if (lock === null) return { level: 'error', what, found: 'a new lock file is held already', exitCode: 74 }
  const whileHeld = probeLock(path, world.lockTool)
  lock.release()
  const afterwards = probeLock(path, world.lockTool)
  rmSync(path)
  if (whileHeld === 'held' && afterwards === 'free')
    return ok(what, `${world.lockTool} locks, excludes and lets go`)
  return {
    level: 'error',
    what,
    found: `the lock reads ${whileHeld} while held and ${afterwards} after it`,
    fix: 'Set LOCK_DIR to a directory on another, local file system.',
    exitCode: 74,
  }
}

const sessions = (world: World): readonly Check[] =>
  listSessions(world.lockDir).flatMap((session) => {
    const { verdict } = openSession(world, session).snapshot()
    if (verdict.state === 'active' || verdict.state === 'free') return []
    return [
      {
        level: 'warning' as const,
        what: `session ${session}`,
        found: `${verdict.state}: ${printable(verdict.reason)}`,
        fix: `lock.sh why ${session}`,
      },
    ]
  })

const checkTmux = async (world: World): Promise<Check> => {
  const what = 'tmux'
  const version = await tmuxVersion(world)
  if (version === null) {
    return {
      level: 'warning',
      what,
      found: 'not installed',
      fix: 'Install tmux for run --detach and attach; all else works.',
    }
  }
  if (isTooOld(version)) {
    return {
      level: 'warning',
      what,
      found: version,
      fix: `run --detach needs tmux ${OLDEST_TMUX} or newer.`,
    }
  }
  return ok(what, version)
}

/** Only what is wrong: these are no promises. */
const afterBoot = (world: World): readonly Check[] => {
  const why = emptiedAtBootOf(world.lockDir)
  if (why === null) return []
  return [
    {
      level: 'warning',
      what: 'after a reboot',
      found: `${world.lockDir} ${why}: a reboot empties it, and engine.sh resume finds nothing to continue`,
      fix: 'Set LOCK_DIR to a directory on a disk, or leave it unset.',
    },
  ]
}

const afterLogOut = async (world: World): Promise<readonly Check[]> => {
  if ((await logOutEnds(world.run, world.env, world.user)) !== 'all') return []
  return [
    {
      level: 'warning',
      what: 'after a log-out',
      found:
        'systemd ends all processes of a user who logs out (KillUserProcesses=yes), also tmux and its runs',
      fix: 'loginctl enable-linger, and start tmux with: systemd-run --user --scope tmux',
    },
  ]
}

const checkFirstProcess = (world: World): readonly Check[] => {
  const found = firstProcessProblem(world.inspector.snapshot())
  return found === null ? [] : [{ level: 'warning', what: 'process 1', found, fix: HOW_TO_COLLECT }]
}

export const doctor = async (world: World): Promise<readonly Check[]> => {
  const directory = await attempt('lock directory', () => {
    prepareLockDir(world.lockDir)
    return ok('lock directory', `${world.lockDir}, private, on a local file system`)
  })
  const usable = directory.level === 'ok'
  return [
    ok('node', process.version),
    directory,
    ...(usable ? [await attempt('kernel lock', () => tryKernelLock(world))] : []),
    await attempt('process identity', () => {
      const { startClock, bootId, pidNamespace } = world.inspector
      return ok(
        'process identity',
        `${startClock}, boot ${bootId}${pidNamespace === null ? '' : `, ${pidNamespace}`}`,
      )
    }),
    await checkTmux(world),
    ...checkFirstProcess(world),
    ...(await afterLogOut(world)),
    ...(usable ? afterBoot(world) : []),
    ...(usable ? sessions(world) : []),
  ]
}

const LEVEL_STYLES = { ok: 'green', warning: 'yellow', error: 'red' } as const

export const renderDoctor = (checks: readonly Check[], terminal: Terminal): string => {
  const widest = Math.max(...checks.map(({ what }) => what.length))
  return checks
    .map(({ level, what, found, fix }) => {
      const line = `${terminal.paint(LEVEL_STYLES[level], level.padEnd(7))}  ${what.padEnd(widest)}  ${printable(found)}\n`
      return fix === undefined ? line : `${line}${' '.repeat(widest + 11)}${terminal.paint('dim', fix)}\n`
    })
    .join('')
}

export const verb: Verb = {
  describe: 'check this machine, the lock directory and the sessions',
  positionals: [],
  options: { json: JSON_OPTION },
  examples: [['lock.sh doctor', 'what is missing here, and what to do about it']],
  run: async (world, args) => {
    const checks = await doctor(world)
    if (args.flag('json')) printJson(checks)
    else print(renderDoctor(checks, stdout(world)))
    return checks.find(({ level }) => level === 'error')?.exitCode ?? 0
  },
}
