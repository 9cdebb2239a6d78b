/** A note from inside a run, of the run that the environment names. */
import { errors } from '../core/errors.ts'
import type { NewNote } from '../core/note.ts'
import { printable } from '../core/printable.ts'
import { checkSessionName } from '../core/session-name.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { appendNote } from '../store/notes.ts'
import { readRecord } from '../store/read-record.ts'
import type { World } from '../world.ts'

/** What is needed of a world. */
export type NoteWorld = Pick<World, 'env' | 'lockDir' | 'clock' | 'paths'>

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null

/**
 * @throws LockError `usage` outside of a run, `superseded` when it was taken over, `missing` when it is over,
 *   `unsafe` with the cookie of another run
 */
export const leaveNote = (world: NoteWorld, said: NewNote): void => {
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
  appendNote(paths, generation, { epoch: world.clock.epoch(), iteration, ...said })
}
