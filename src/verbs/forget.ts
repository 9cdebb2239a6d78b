import { existsSync } from 'node:fs'
import { print, type Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { nextIteration } from '../core/plan.ts'
import { printable } from '../core/printable.ts'
import { checkSessionName } from '../core/session-name.ts'
import { attemptLock, type LockedSession, lockHeldError } from '../session/locked-session.ts'
import { killOrphans } from '../session/orphans.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { momentOf, openSession, type Session } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { forgetFiles } from '../store/forget-files.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import { highestGeneration } from '../store/runs.ts'
import type { World } from '../world.ts'
import { attempt } from './shared/attempt.ts'

/** Why a session is not forgotten without `--force`; `null` when nothing speaks against it. */
const objection = ({ session, record, stored, verdict }: Snapshot): string | null => {
  if (verdict.state === 'dead') return `${session} has lost its owner, and its run is unfinished`
  if (record === null) return stored.kind === 'none' ? null : `${session}: ${printable(verdict.reason)}`
  if (nextIteration(record) === null) return null
  return `${session} is unfinished: ${printable(verdict.reason)}`
}

const hint = ({ session, record }: Snapshot): string =>
  record === null
    ? `Look: lock.sh why ${session}   Remove it all the same: lock.sh forget ${session} --force`
    : `Continue: engine.sh run ${session}   Remove it all the same: lock.sh forget ${session} --force`

const forgetLocked = async (locked: LockedSession, force: boolean): Promise<void> => {
  const { world, paths } = locked.session
  const snapshot = locked.snapshot()
  const { record, stored, verdict } = snapshot
  refuseOwnSession(world, record)
  if (stored.kind === 'newer') throw errors.newerRecord(paths.record, stored.format)
  const reason = objection(snapshot)
  if (reason !== null && !force) throw errors.held(reason, hint(snapshot))
  // With the record would go what leads to these processes.
  if (record !== null && verdict.state === 'dead') await killOrphans(world, record)
  forgetFiles(paths, Math.max(record?.generation ?? 0, highestGeneration(paths.runs)))
}

type ForgetOptions = { readonly force: boolean; readonly dryRun: boolean }

/** What can be told without the lock. @throws LockError as {@link forget} */
const checkForgettable = (session: Session, force: boolean): void => {
  const snapshot = session.snapshot()
  if (snapshot.verdict.state === 'active' || snapshot.verdict.state === 'hung')
    throw lockHeldError(session, snapshot)
  const reason = objection(snapshot)
  if (reason !== null && !force) throw errors.held(reason, hint(snapshot))
}

/**
 * @returns what happened, as text
 * @throws LockError `held` when somebody holds it, or (without `force`) when its run is unfinished
 */
const forget = async (world: World, name: string, { force, dryRun }: ForgetOptions): Promise<string> => {
  const session = openSession(world, name)
  if (!existsSync(session.paths.record) && !existsSync(session.paths.home)) return `${name} has never run`
  if (dryRun) {
    checkForgettable(session, force)
    return `would forget ${name}`
  }
  const attempt = await attemptLock(session)
  if (attempt.kind === 'held') throw lockHeldError(session, attempt.held)
  try {
    await forgetLocked(attempt.locked, force)
  } finally {
    attempt.locked.release()
  }
  return `forgot ${name}`
}

/** Those that have ended, at least `seconds` ago; the others stay. */
const ended = (world: World, seconds: number, force: boolean) => {
  const moment = momentOf(world)
  const old = listSessions(world.lockDir)
    .map((name) => openSession(world, name).snapshot(moment))
    .filter(({ record, verdict }) => verdict.state === 'free' && record?.ended != null)
    .filter(({ record }) => moment.now.epoch - (record?.ended?.epoch ?? moment.now.epoch) >= seconds)
  const isDone = (snapshot: Snapshot): boolean => force || objection(snapshot) === null
  return {
    names: old.filter(isDone).map(({ session }) => session),
    unfinished: old.filter((snapshot) => !isDone(snapshot)).map(({ session }) => session),
  }
}

type Wanted = { readonly names: readonly string[]; readonly unfinished: readonly string[] }

export const verb: Verb = {
  describe: 'remove ended sessions with all their files: record, output, history, incidents',
  positionals: ['[NAME...]'],
  options: {
    ended: { type: 'boolean', describe: 'all ended sessions whose run is not unfinished' },
    'older-than': {
      type: 'string',
      value: 'D',
      describe: 'with --ended: only those that ended D ago or earlier',
    },
    force: {
      type: 'boolean',
      describe: 'also sessions that are unfinished or unreadable, but never one that is held',
    },
    'dry-run': { type: 'boolean', describe: 'only print what would be removed' },
  },
  examples: [
    ['lock.sh forget docs', 'one session'],
    ['lock.sh forget --ended --older-than 7d', 'tidy up once a week'],
  ],
  run: async (world, args) => {
    const names = args.positionals.map(checkSessionName)
    const olderThan = args.value('older-than')
    if (args.flag('ended') ? names.length > 0 : names.length === 0)
      throw errors.usage('forget takes either session names or --ended', 'lock.sh forget --help')
    if (olderThan !== undefined && !args.flag('ended'))
      throw errors.usage('--older-than goes with --ended', 'lock.sh forget --help')
    const seconds = olderThan === undefined ? 0 : parseDuration(olderThan, '--older-than')
    if (!checkLockDir(world.lockDir)) return 0
    const force = args.flag('force')
    const wanted: Wanted = args.flag('ended') ? ended(world, seconds, force) : { names, unfinished: [] }
    return forgetAll(world, wanted, { force, dryRun: args.flag('dry-run') })
  },
}

const forgetAll = async (
  world: World,
  { names, unfinished }: Wanted,
  options: ForgetOptions,
): Promise<number> => {
  let exitCode = 0
  for (const name of names) {
    const code = await attempt(world, async () => {
      print(`${await forget(world, name, options)}\n`)
      return 0
    })
    exitCode ||= code
  }
  if (unfinished.length > 0)
    world.notify(`kept, because unfinished: ${unfinished.join(', ')} (--force removes them, too)`)
  if (names.length === 0 && unfinished.length === 0) world.notify('nothing to forget')
  return exitCode
}
