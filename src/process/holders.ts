/** Who has a file open. Having the lock file open is not yet holding the lock, but nobody holds it otherwise. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
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

const openersByLsof = (path: string): readonly number[] => {
  const { stdout } = spawnSync('lsof', ['-t', '--', path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return (stdout ?? '').split('\n').filter(Boolean).map(Number)
}

/** Best effort: processes of other users stay hidden, and without /proc lsof(8) is asked. */
export const holdersOf = (path: string, inspector: ProcessInspector): readonly Holder[] => {
  const view = inspector.snapshot()
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    return []
  }
  const others = view.all().filter(({ pid }) => pid !== process.pid)
  const named = ({ pid, name }: ProcessFacts): Holder => ({ pid, name })
  if (inspector.startClock !== 'boot-ticks') {
    const openers = openersByLsof(real)
    return others.filter(({ pid }) => openers.includes(pid)).map(named)
  }
  const seen = others.map((facts) => ({ facts, open: openState(facts.pid, real) }))
  const locked = seen.filter(({ open }) => open === 'locked')
  // Whoever waits for the lock has the file open too, and is no holder.
  return (locked.length > 0 ? locked : seen.filter(({ open }) => open === 'open')).map(({ facts }) =>
    named(facts),
  )
}
