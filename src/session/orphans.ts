/** Ends the processes that a dead owner has left, of its worker and of its pane. Only with the kernel lock held. */
import { existsSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import { removeCgroup } from '../process/cgroup.ts'
import { endWorker } from '../process/end-worker.ts'
import type { TreeEnd } from '../process/terminate.ts'
import { unpipePane } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import type { LockedRecord } from './locked-session.ts'

/** @throws LockError `held` when something cannot be ended: two workers at once are what a lock is to prevent */
export const killOrphans = async (world: World, record: LockedRecord): Promise<TreeEnd> => {
  const end = await endWorker(world, record, record.options.grace)
  if (end.survivors.length > 0) throw errors.survivors(record.session, record.generation, end.survivors)
  removeCgroup(record.cgroup)
  // Otherwise the next run in that pane would find a pipe that is not its own.
  if (record.tmux !== null) {
    const fifo = world.paths(record.session).panePipe(record.generation)
    if (existsSync(fifo)) await unpipePane(record.tmux, fifo, world)
  }
  return end
}
