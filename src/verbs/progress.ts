import type { Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { checkSessionName } from '../core/session-name.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { appendNote } from '../store/notes.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null

/**
 * A note from inside a run: "this is progress".
 *
 * @param seconds no sign of life for so long is fine; `null`: as usual
 * @throws LockError `usage` outside of a run, `superseded` when it was taken over, `missing` when it is over,
 *   `unsafe` with the cookie of another run
 */
export const progress = (world: World, note: string, seconds: number | null): void => {
  const { LOCK_SESSION: session, LOCK_COOKIE: cookie, LOCK_DIR: dir } = world.env
  const generation = numberOf(world.env.LOCK_GENERATION)
  const iteration = numberOf(world.env.LOCK_ITERATION)
  if (!session || !cookie || !dir || generation === null || iteration === null) throw errors.notInWorker()
  const paths = world.paths(checkSessionName(session))
  checkLockDir(world.lockDir)
  const stored = readRecord(paths.record, session)
  const run = `run ${generation} of ${session}`
  if (stored.kind === 'none') throw errors.runIsOver(`${run} has no record in ${world.lockDir}`)
  if (stored.kind === 'newer') throw errors.newerRecord(paths.record, stored.format)
  if (stored.kind !== 'record') throw errors.badRecord(paths.record, printable(stored.reason))
  const { record } = stored
  if (record.generation > generation || record.ended?.reason === 'superseded')
    throw errors.superseded(
      `${run} was taken over`,
      `The run that counts now: lock.sh status ${session}. What belongs to this one should end.`,
    )
  if (record.generation < generation) throw errors.runIsOver(`${run} is not the run in the record`)
  if (record.cookie !== cookie)
    throw errors.unsafe(
      `LOCK_COOKIE is not that of ${run}`,
      'Only the command of a run, and what it has started, speaks for it.',
    )
  if (record.ended !== null) throw errors.runIsOver(`${run} is over (${record.ended.reason})`)
  appendNote(paths, generation, { epoch: world.clock.epoch(), iteration, note, for: seconds })
}

export const verb: Verb = {
  describe: 'report progress, from inside a run',
  positionals: ['[NOTE]'],
  options: {
    for: { type: 'string', value: 'D', describe: 'do not report the session as hung for D from now' },
  },
  examples: [['lock.sh progress --for 20m "long build"', 'in a script that engine.sh runs']],
  run: (world, args) => {
    const text = args.value('for')
    progress(world, args.positionals[0] ?? '', text === undefined ? null : parseDuration(text, '--for'))
    return 0
  },
}
