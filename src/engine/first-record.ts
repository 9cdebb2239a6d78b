/** The record that a claim writes. */
import { errors } from '../core/errors.ts'
import { firstLoop } from '../core/loop/state.ts'
import type { Place } from '../core/places.ts'
import type { RunPlan } from '../core/plan.ts'
import {
  FORMAT,
  type LockRecord,
  type OwnerProcess,
  type ShellOwner,
  type TmuxTarget,
} from '../core/record.ts'
import type { RunOptions } from '../core/run-options.ts'
import { chooseRunCgroup } from '../process/cgroup.ts'
import { randomUuid } from '../process/random.ts'
import type { LockedRecord } from '../session/locked-session.ts'
import type { World } from '../world.ts'

/** This process, as a record names it. */
export const ownerProcess = ({ inspector, observer, self, user }: World): OwnerProcess => {
  const inspection = inspector.snapshot().inspect(self.pid)
  if (inspection.kind !== 'process')
    throw errors.io('this process cannot see itself', 'no entry in the process table')
  return {
    pid: self.pid,
    pid_started: inspection.facts.started,
    started_clock: inspector.startClock,
    boot_id: inspector.bootId,
    pid_namespace: inspector.pidNamespace,
    host: observer.host,
    user,
  }
}

export type NewRun = {
  readonly session: string
  readonly generation: number
  readonly plan: RunPlan<LockedRecord>
  readonly places: readonly Place[]
  readonly tmux: TmuxTarget | null
  readonly shell: ShellOwner | null
  /** The options that were given for this run. */
  readonly given: Partial<RunOptions>
}

/** What the rules of the loop have counted so far: of a run that goes on after it had failed they begin anew. */
const countedSoFar = ({ plan, given }: NewRun, now: number): Pick<LockRecord, 'failures' | 'loop'> => {
  const { continues, options } = plan
  // Whoever starts it again has seen why it had failed.
  const hadFailed = continues?.ended?.reason === 'failed'
  return {
    failures: hadFailed ? 0 : (continues?.failures ?? 0),
    loop: firstLoop({ options, given, before: continues?.loop ?? null, hadFailed, now }),
  }
}

/** Chooses the run's control group, which may remove empty ones of earlier runs. */
export const firstRecord = (world: World, run: NewRun): LockRecord => {
  const now = world.now()
  const { session, generation, plan, places, tmux } = run
  const { options } = plan
  return {
    format: FORMAT,
    session,
    generation,
    phase: 'starting',
    owner: ownerProcess(world),
    shell: run.shell,
    cwd: plan.cwd,
    command: plan.command,
    cookie: randomUuid(),
    options,
    started_epoch: now.epoch,
    heartbeat: { ...now, stale_after: options.stale_after, interval: options.heartbeat_interval },
    evidence: null,
    iteration: { number: plan.first - 1, total: plan.iterations, started_epoch: null },
    last_iteration: plan.continues?.last_iteration ?? null,
    ...countedSoFar(run, now.epoch),
    worker: null,
    members: [],
    // A system whose processes are no files has no control groups either.
    cgroup: world.inspector.hasProcfs
      ? chooseRunCgroup(world.env.LOCK_CGROUP_STRATEGY, {
          session,
          generation,
          needsMemory: options.memory_max !== null,
        })
      : null,
    places,
    refresher: null,
    watch: null,
    output_lost: 0,
    tmux,
    ended: null,
  }
}
