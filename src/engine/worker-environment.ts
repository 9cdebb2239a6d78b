/** What a worker, and every command beside it, sees of its run in the environment. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LastIteration, LockRecord } from '../core/record.ts'
import { segmentName } from '../core/segments.ts'
import { HOOK_VARIABLE } from '../core/tree.ts'
import type { World } from '../world.ts'
import { shellCodeOfLast } from './iteration-end.ts'
import type { Owner } from './owner.ts'

/** `''` when it printed nothing, or that is not kept (any more). */
const logOf = (world: World, { session }: LockRecord, { generation, iteration }: LastIteration): string => {
  const path = join(world.paths(session).run(generation), segmentName({ iteration, offset: 0 }))
  return existsSync(path) ? path : ''
}

/** Of the iteration before. Always set: a run inside of another one's worker does not see that one's. */
const lastVariables = (world: World, record: LockRecord): Readonly<Record<string, string>> => {
  const { last_iteration: last, failures } = record
  return {
    LOCK_LAST_RESULT: last?.result ?? '',
    LOCK_LAST_EXIT_CODE: last === null ? '' : String(shellCodeOfLast(last)),
    LOCK_FAILURES: String(failures),
    LOCK_LAST_LOG: last === null ? '' : logOf(world, record, last),
  }
}

/** In the iteration that the owner is in, or has just ended. */
export const workerEnvironment = (
  world: World,
  { record, environment }: Pick<Owner, 'record' | 'environment'>,
): Readonly<Record<string, string | undefined>> => ({
  ...world.env,
  ...environment,
  // Of the hook that this engine may run in.
  [HOOK_VARIABLE]: undefined,
  LOCK_SESSION: record.session,
  LOCK_GENERATION: String(record.generation),
  LOCK_ITERATION: String(record.iteration.number),
  LOCK_ITERATIONS: record.iteration.total === null ? 'inf' : String(record.iteration.total),
  LOCK_DIR: world.lockDir,
  LOCK_COOKIE: record.cookie,
  ...lastVariables(world, record),
})
