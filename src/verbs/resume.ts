import { print, type Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { isContinuable } from '../core/plan.ts'
import { printable } from '../core/printable.ts'
import type { LockRecord } from '../core/record.ts'
import { runDetached } from '../engine/detach.ts'
import { momentOf, openSession } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { attempt } from './shared/attempt.ts'

/** Its owner has died, or a signal that no person has sent through this program ended it: a shutdown, a log-out. */
const wasCutShort = ({ record, verdict }: Snapshot): boolean =>
  verdict.state === 'dead' || (verdict.state === 'free' && record?.ended?.signal !== undefined)

const toResume = (world: World): readonly LockRecord[] => {
  const moment = momentOf(world)
  return listSessions(world.lockDir).flatMap((name) => {
    const snapshot = openSession(world, name).snapshot(moment)
    return snapshot.record !== null && wasCutShort(snapshot) && isContinuable(snapshot.record)
      ? [snapshot.record]
      : []
  })
}

const place = ({ tmux }: LockRecord): string => (tmux === null ? ', in tmux, where it was not before' : '')

/** In its own directory, so that the `engine.yaml` there holds, as before. */
const worldIn = (world: World, cwd: string): World => Object.create(world, { cwd: { value: cwd } }) as World

export const verb: Verb = {
  describe:
    'continue every unfinished run whose owner is gone, for example after a reboot, each in its tmux session',
  positionals: [],
  options: {
    all: { type: 'boolean', describe: 'all unfinished runs (to continue one: engine.sh run NAME)' },
    'dry-run': { type: 'boolean', describe: 'only print what would be started' },
  },
  examples: [
    ['engine.sh resume --all --dry-run', 'show what would be started'],
    ['engine.sh resume --all', 'after a reboot or a log-out'],
  ],
  run: async (world, args, self) => {
    if (!args.flag('all'))
      throw errors.usage('resume needs --all', 'To continue one session: engine.sh run NAME')
    const records = checkLockDir(world.lockDir) ? toResume(world) : []
    if (records.length === 0) world.notify('nothing to resume')
    let exitCode = 0
    for (const record of records) {
      const name = record.session
      if (args.flag('dry-run')) {
        print(`would resume ${name} in ${printable(record.cwd)}${place(record)}\n`)
        continue
      }
      const command = [self.node, self.script, 'engine', 'run', name]
      const run = { name, waits: false, force: false }
      const start = async () => (await runDetached(worldIn(world, record.cwd), run, command)).exitCode
      const code = await attempt(world, start, `${name}: `)
      if (code === 0) print(`resumed ${name}${place(record)}\n`)
      exitCode ||= code
    }
    return exitCode
  },
}
