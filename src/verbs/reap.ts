import { optionalNameOf, print, type Verb } from '../cli/verb.ts'
import { errors, formatError, LockError } from '../core/errors.ts'
import { printable, shellQuote } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import { findWorker } from '../process/worker-tree.ts'
import { tryToLeaveIncident } from '../session/incident.ts'
import { recordInterrupted } from '../session/interrupted-iteration.ts'
import { attemptLock, lockHeldError } from '../session/locked-session.ts'
import { killOrphans } from '../session/orphans.ts'
import { refuseOwnSession } from '../session/own-session.ts'
import { openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import { writeRecord } from '../store/write-record.ts'
import { removeState } from '../tmux/pane-options.ts'
import type { World } from '../world.ts'

/** `error`: this one could not be reaped; it does not keep the others from it. */
export type Reaped = {
  readonly session: string
  readonly lines: readonly string[]
  readonly error?: LockError
}

const plural = (count: number): string => `${count} ${count === 1 ? 'process' : 'processes'}`

const preview = (world: World, record: LockRecord): readonly string[] => {
  const view = world.inspector.snapshot()
  const left = findWorker(world, record)
  return [
    `would end ${plural(left.length)} and mark run ${record.generation} as reaped`,
    ...left.map(({ pid, name }) => {
      const command = view.commandLine(pid)
      return `  pid ${pid}: ${command.length === 0 ? name : shellQuote(command)}`
    }),
  ]
}

const reapOne = async (world: World, session: string): Promise<Reaped> => {
  const opened = openSession(world, session)
  const { paths } = opened
  const attempt = await attemptLock(opened)
  if (attempt.kind === 'held') throw lockHeldError(opened, attempt.held)
  const { locked } = attempt
  try {
    // Somebody may have run it again between the inspection and the lock.
    const snapshot = locked.snapshot()
    const { record, verdict } = snapshot
    refuseOwnSession(world, record)
    if (record === null || verdict.state !== 'dead') return { session, lines: [`is ${verdict.state} by now`] }
    const incident = await tryToLeaveIncident(opened, 'reap', snapshot)
    const { found } = await killOrphans(world, record)
    recordInterrupted(locked, record)
    const epoch = world.clock.epoch()
    const { generation } = record
    locked.history.add({
      kind: 'event',
      generation,
      epoch,
      event: 'reaped',
      iteration: record.iteration.number,
      detail: incident,
    })
    const ended = record.ended ?? ({ epoch, reason: 'owner-died', exit_code: null } as const)
    writeRecord(
      locked.lock,
      paths.record,
      { ...record, phase: 'ended', ended: { ...ended, reaped_epoch: epoch } },
      true,
    )
    if (record.tmux !== null) await removeState(world, { session, generation, tmux: record.tmux })
    return {
      session,
      lines: [`reaped run ${record.generation}: ended ${plural(found)}`],
    }
  } finally {
    locked.release()
  }
}

/**
 * Clears away what dead owners left, and marks the sessions free. Nothing else is touched.
 *
 * @throws LockError `held` when the named session has an owner
 */
export const reap = async (
  world: World,
  name: string | undefined,
  dryRun: boolean,
): Promise<readonly Reaped[]> => {
  if (!checkLockDir(world.lockDir)) return []
  const names = name === undefined ? listSessions(world.lockDir) : [name]
  const results: Reaped[] = []
  for (const session of names) {
    const { stored, verdict } = openSession(world, session).snapshot()
    if (verdict.state !== 'dead' || stored.kind !== 'record') {
      if (name === undefined) continue
      if (verdict.state === 'free') return [{ session, lines: [`nothing to reap: ${verdict.reason}`] }]
      throw errors.held(
        `${session} is not dead but ${verdict.state}: ${verdict.reason}`,
        'Only what has lost its owner is reaped; engine.sh stop or --force ends an owner.',
      )
    }
    try {
      results.push(dryRun ? { session, lines: preview(world, stored.record) } : await reapOne(world, session))
    } catch (error) {
      if (name !== undefined || !(error instanceof LockError)) throw error
      results.push({ session, lines: [], error })
    }
  }
  return results
}

export const verb: Verb = {
  describe: 'end the orphans of dead owners, and free their sessions',
  positionals: ['[NAME]'],
  options: { 'dry-run': { type: 'boolean', describe: 'only print what would be done' } },
  examples: [
    ['lock.sh reap --dry-run', 'show what would be ended'],
    ['lock.sh reap nightly', 'one session only'],
  ],
  run: async (world, args) => {
    const reaped = await reap(world, optionalNameOf(args), args.flag('dry-run'))
    for (const { session, lines, error } of reaped) {
      for (const line of lines) print(`${session}: ${printable(line)}\n`)
      if (error !== undefined) world.notify(formatError(error))
    }
    if (reaped.length === 0) world.notify('nothing to reap')
    return reaped.find(({ error }) => error !== undefined)?.error?.exitCode ?? 0
  },
}
