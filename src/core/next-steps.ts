/** The two or three commands that make sense in a state. Pure. */

import { nextIteration } from './plan.ts'
import type { LockRecord } from './record.ts'
import type { StoredRecord, Verdict } from './verdict.ts'

export type Step = { readonly command: string; readonly purpose: string }

const continueStep = (name: string, record: LockRecord): Step => {
  const next = nextIteration(record)
  return next === null
    ? { command: `engine.sh run ${name} --fresh`, purpose: 'the same again, from iteration 1' }
    : { command: `engine.sh run ${name}`, purpose: `continue with iteration ${next}` }
}

/** The owner works; the worker does not. */
const isWorkerStalled = ({ cause }: Verdict): boolean =>
  cause !== null && cause !== 'owner-stopped' && cause !== 'refresher-gone'

/** @param isHeld whether any process holds the kernel lock */
export const nextSteps = (
  name: string,
  stored: StoredRecord,
  verdict: Verdict,
  isHeld: boolean,
): readonly Step[] => {
  const attach: Step = { command: `lock.sh attach ${name}`, purpose: 'show its terminal' }
  const logs: Step = { command: `lock.sh logs ${name} -n 50`, purpose: 'read what it printed last' }
  const inTmux = stored.kind === 'record' && stored.record.tmux !== null
  const showOutput = inTmux ? attach : logs
  switch (verdict.state) {
    case 'active':
      return [
        inTmux ? attach : { command: `lock.sh logs ${name} -f`, purpose: 'follow what it prints' },
        { command: `engine.sh stop ${name}`, purpose: 'end it cleanly' },
      ]
    case 'hung':
      return isWorkerStalled(verdict)
        ? [
            showOutput,
            { command: `lock.sh interrupt ${name}`, purpose: 'end this iteration, continue with the next' },
            { command: `engine.sh run ${name} --force`, purpose: 'take it over with a new engine' },
          ]
        : [
            showOutput,
            ...(verdict.cause === 'owner-stopped' && stored.kind === 'record'
              ? [{ command: `kill -CONT ${stored.record.owner.pid}`, purpose: 'resume its owner' }]
              : []),
            {
              command: `engine.sh run ${name} --force`,
              purpose: 'end it, and continue with the next iteration',
            },
            { command: `engine.sh stop ${name}`, purpose: 'end it' },
          ]
    case 'dead':
      return [
        ...(stored.kind === 'record' ? [continueStep(name, stored.record)] : []),
        logs,
        { command: `lock.sh reap ${name}`, purpose: 'end what it left, and free the session' },
      ]
    case 'free':
      // By a cron job, say: flock -n NAME.lock COMMAND.
      if (isHeld) return [{ command: `engine.sh run ${name} --wait`, purpose: 'run when its lock is free' }]
      return stored.kind === 'record'
        ? [
            continueStep(name, stored.record),
            { command: `lock.sh history ${name}`, purpose: 'see what its runs did' },
          ]
        : [{ command: `engine.sh run ${name} -- COMMAND`, purpose: 'start it' }]
    case 'unknown':
      return [{ command: 'lock.sh doctor', purpose: 'check this machine and the lock directory' }]
  }
}
