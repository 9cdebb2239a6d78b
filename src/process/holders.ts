/** Which processes have a file open. The holder of a lock has the lock file open; others may have it open, too. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import type { Holder } from '../core/held.ts'
import type { ProcessFacts, ProcessInspector } from '../core/ports.ts'

type Open = 'no' | 'open' | 'locked'

/** The kernel shows in fdinfo which open file has the lock; in some containers it shows none at all. */
const openState = (pid: number, path: string): Open => {
  let answer: Open = 'no'
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== path) continue
        if (readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1').includes('FLOCK')) return 'locked'
        answer = 'open'
      } catch {
        // Closed meanwhile.
      }
    }
  } catch {
    // Gone, or another user's.
  }
  return answer
}

/** Not in the PATH that cron gives. */
const LSOF = ['/usr/sbin/lsof', '/usr/bin/lsof'].find((path) => existsSync(path)) ?? 'lsof'

/** @returns `null` when there is no lsof(8) */
const openersByLsof = (path: string): readonly number[] | null => {
  const { stdout, error } = spawnSync(LSOF, ['-t', '--', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return error === undefined ? stdout.split('\n').filter(Boolean).map(Number) : null
}

const openersByProc = (path: string, pids: readonly number[]): readonly number[] => {
  const seen = pids.map((pid) => ({ pid, open: openState(pid, path) }))
  const locked = seen.filter(({ open }) => open === 'locked')
  // Whoever waits for the lock has the file open too, and is no holder.
  return (locked.length > 0 ? locked : seen.filter(({ open }) => open === 'open')).map(({ pid }) => pid)
}

/**
 * Best effort: processes of other users stay hidden. Without /proc lsof(8) is asked; where processes are looked at with
 * ps(1) it comes first, and /proc, if there is one, only when there is no lsof.
 */
export const holdersOf = (path: string, inspector: ProcessInspector): readonly Holder[] => {
  const view = inspector.snapshot()
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    return []
  }
  const others = view.all().filter(({ pid }) => pid !== process.pid)
  const byLsof = inspector.hasProcfs ? null : openersByLsof(real)
  const openers =
    byLsof ??
    openersByProc(
      real,
      others.map(({ pid }) => pid),
    )
  return others
    .filter(({ pid }) => openers.includes(pid))
    .map(({ pid, name }: ProcessFacts): Holder => ({ pid, name }))
}
