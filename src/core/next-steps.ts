/** The two or three commands that make sense in a state. Pure. */

import { nextIteration } from './plan.ts'
import { shellQuote } from './printable.ts'
import type { LockRecord } from './record.ts'
import type { StoredRecord, Verdict } from './verdict.ts'

export type Step = { readonly command: string; readonly purpose: string }

const continueStep = (name: string, record: LockRecord): Step => {
  if (record.shell !== null)
    return { command: shellQuote([record.shell.script]), purpose: 'start its script again' }
  const next = nextIteration(record)
  return next === null
    ? { command: `engine.sh run ${name} --fresh`, purpose: 'the same again, from iteration 1' }
    : { command: `engine.sh run ${name}`, purpose: `continue with iteration ${next}` }
}

/** The owner works; the worker does not. */
export const isWorkerStalled = ({ cause }: Pick<Verdict, 'cause'>): boolean =>
  cause !== null && cause !== 'owner-stopped' && cause !== 'refresher-gone'

/** Where it can be looked at. */
export const hasScreen = (record: LockRecord | null): boolean =>
  record?.tmux != null && record.tmux.shows_output !== false

const attachStep = (name: string): Step => ({
  command: `lock.sh attach ${name}`,
  purpose: 'show its terminal',
})
const logsStep = (name: string): Step => ({
  command: `lock.sh logs ${name} -n 50`,
  purpose: 'read what it printed last',
})

const activeSteps = (name: string, record: LockRecord | null): readonly Step[] => [
  hasScreen(record)
    ? attachStep(name)
    : { command: `lock.sh logs ${name} -f`, purpose: 'follow what it prints' },
  { command: `engine.sh stop ${name}`, purpose: 'end it cleanly' },
]

const stalledSteps = (name: string): readonly Step[] => [
  { command: `lock.sh interrupt ${name}`, purpose: 'end this iteration, continue with the next' },
  { command: `engine.sh run ${name} --force`, purpose: 'take it over with a new engine' },
]

/** @param stopped the owner's PID when it is to be resumed */
const brokenSteps = (name: string, stopped: number | null): readonly Step[] => [
  ...(stopped === null ? [] : [{ command: `kill -CONT ${stopped}`, purpose: 'resume its owner' }]),
  { command: `engine.sh run ${name} --force`, purpose: 'end it, and continue with the next iteration' },
  { command: `engine.sh stop ${name}`, purpose: 'end it' },
]

const hungSteps = (name: string, record: LockRecord | null, verdict: Verdict): readonly Step[] => {
  const show = hasScreen(record) ? attachStep(name) : logsStep(name)
  if (isWorkerStalled(verdict)) return [show, ...stalledSteps(name)]
  return [show, ...brokenSteps(name, verdict.cause === 'owner-stopped' ? (record?.owner.pid ?? null) : null)]
}

const deadSteps = (name: string, record: LockRecord | null): readonly Step[] => [
  ...(record === null ? [] : [continueStep(name, record)]),
  logsStep(name),
  { command: `lock.sh reap ${name}`, purpose: 'end what it left, and free the session' },
]

const freeSteps = (name: string, record: LockRecord | null, isHeld: boolean): readonly Step[] => {
  // By a cron job, say: flock -n NAME.lock COMMAND.
  if (isHeld) return [{ command: `engine.sh run ${name} --wait`, purpose: 'run when its lock is free' }]
  if (record === null) return [{ command: `engine.sh run ${name} -- COMMAND`, purpose: 'start it' }]
  return [
    continueStep(name, record),
    { command: `lock.sh history ${name}`, purpose: 'see what its runs did' },
  ]
}

export type Situation = {
  /** Whether any process holds the kernel lock. */
  readonly isHeld: boolean
  /** Whether the worker has called for a person. */
  readonly isAsking: boolean
}

/** Where one can be typed. */
const answerSteps = (name: string, record: LockRecord | null): readonly Step[] =>
  record?.tmux == null
    ? []
    : [{ command: `lock.sh answer ${name} TEXT`, purpose: 'type TEXT and Enter there' }]

export const nextSteps = (
  name: string,
  stored: StoredRecord,
  verdict: Verdict,
  { isHeld, isAsking }: Situation,
): readonly Step[] => {
  const record = stored.kind === 'record' ? stored.record : null
  const answers = isAsking || verdict.cause === 'awaiting-input' ? answerSteps(name, record) : []
  switch (verdict.state) {
    case 'active':
      return [...answers, ...activeSteps(name, record)]
    case 'hung':
      return [...answers, ...hungSteps(name, record, verdict)]
    case 'dead':
      return deadSteps(name, record)
    case 'free':
      return freeSteps(name, record, isHeld)
    case 'unknown':
      return [{ command: 'lock.sh doctor', purpose: 'check this machine and the lock directory' }]
  }
}
