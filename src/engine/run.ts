/**
 * A run: claim, iterate, release. The loop of the engine, and the only place where an iteration's end becomes a
 * run's end.
 *
 * The order of an end: guard pauses → `stopping` written → worker ended → `ended` written → lock released → guard and
 * watchdog let go.
 */
import { EXIT_CODES } from '../core/errors.ts'
import type { RunPlan } from '../core/plan.ts'
import type { LastIteration, LockRecord } from '../core/record.ts'
import { endAfterIteration, failuresAfter, type RunEnd } from '../core/run-end.ts'
import { removeCgroup } from '../process/cgroup.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import { readRequest } from '../store/requests.ts'
import { currentTarget } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { type Claim, type ClaimRequest, claim } from './claim.ts'
import { openGuardScript } from './guard-script.ts'
import { type IterationTools, runIteration } from './iteration.ts'
import { type IterationEnd, iterationEntry, lastIteration, shellCodeOfLast } from './iteration-end.ts'
import type { Owner } from './owner.ts'
import { startRecording } from './recording.ts'
import { continuingText, endTexts, startTexts } from './run-texts.ts'
import { exitCodeOf, type StopRequest, StopRequests } from './stop-request.ts'

const stopEnd = (request: StopRequest, last: IterationEnd | null): RunEnd | null => {
  switch (request.kind) {
    case 'none':
      return null
    case 'drain':
      return {
        reason: 'interrupted',
        exitCode: request.asked === 'ctrl-c' ? exitCodeOf('SIGINT') : (last?.exitCode ?? 0),
      }
    case 'terminate':
      return request.superseded
        ? { reason: 'superseded', exitCode: EXIT_CODES.superseded }
        : { reason: 'interrupted', exitCode: exitCodeOf(request.signal) }
  }
}

type RunTools = IterationTools & { readonly plan: RunPlan; readonly history: HistoryWriter }

/** History first, then the record: an owner that dies between the two has done the iteration all the same. */
const recordIteration = ({ world, owner, history }: RunTools, last: IterationEnd): void => {
  const endedEpoch = world.clock.epoch()
  history.add(iterationEntry(owner.record, last, endedEpoch))
  owner.stage({
    worker: null,
    refresher: null,
    failures: failuresAfter(last, owner.record.failures),
    last_iteration: lastIteration(owner.record, last, endedEpoch),
  })
}

/** The one place where it is decided whether the run goes on: the rules are core/run-end.ts. */
const decide = ({ owner, plan, stopRequests }: RunTools, last: IterationEnd): RunEnd | null => {
  stopRequests.checkFile()
  const { iteration, failures } = owner.record
  return endAfterIteration(last, {
    isLast: plan.iterations !== null && iteration.number >= plan.iterations,
    failures,
    maxFailures: plan.options.max_failures,
    stopped: stopEnd(stopRequests.current, last),
  })
}

/** The pause between two iterations. The promise covers it: half an hour is announced, not mistaken for a hang. */
const pause = async ({ world, owner, plan, stopRequests }: RunTools): Promise<void> => {
  const { delay } = plan.options
  if (delay === 0) return
  owner.write({ phase: 'waiting' }, delay)
  await world.clock.sleep(delay, stopRequests.drain.signal)
}

const iterate = async (tools: RunTools): Promise<RunEnd> => {
  const { world, owner, plan, stopRequests, recording } = tools
  let last: IterationEnd | null = null
  for (let iteration = plan.first; iteration <= (plan.iterations ?? iteration); iteration += 1) {
    await recording.begin(iteration, stopRequests.terminate.signal)
    const stopped = stopEnd(stopRequests.current, last)
    if (stopped !== null) return stopped
    last = await runIteration(tools, iteration)
    recordIteration(tools, last)
    const end = decide(tools, last)
    if (end !== null) return end
    if (last.result !== 'ok') world.notify(continuingText(owner.record, last))
    await pause(tools)
  }
  return stopEnd(stopRequests.current, last) ?? endOfAll(plan.continues?.last_iteration ?? null, owner.record)
}

/** All iterations were done, and only the end of the run was not written: the last exit code still holds. */
const endOfAll = (last: LastIteration | null, { failures, options }: LockRecord): RunEnd => {
  if (last === null || last.result === 'ok') return { reason: 'completed', exitCode: 0 }
  const failed = options.max_failures !== null && failures >= options.max_failures
  return { reason: failed ? 'failed' : 'completed', exitCode: shellCodeOfLast(last) }
}

/** After an error nothing is known about the worker, so this is no clean end: the next claim searches for it. */
const LOST: RunEnd = { reason: 'owner-died', exitCode: EXIT_CODES.io }

const release = ({ owner, history }: Pick<RunTools, 'owner' | 'history'>, end: RunEnd): void => {
  const { generation, iteration, cgroup } = owner.record
  const detail = `${end.reason}, exit code ${end.exitCode}`
  history.event({ generation, event: 'ended', iteration: iteration.number, detail })
  removeCgroup(cgroup)
  owner.end({ reason: end.reason, exit_code: end.exitCode })
}

const runHeld = async (
  world: World,
  { owner, plan, history }: Claim,
  stopRequests: StopRequests,
  script: number,
): Promise<RunEnd> => {
  let end = LOST
  let letGo: () => void = () => undefined
  try {
    for (const line of startTexts(owner.record, plan)) world.notify(line)
    const { recording, guard } = await startRecording(world, owner, script)
    letGo = () => guard.end()
    try {
      end = await iterate({ world, owner, plan, history, stopRequests, recording, guard })
    } finally {
      await recording.close()
    }
  } finally {
    release({ owner, history }, end)
    letGo()
  }
  return end
}

/** What is asked of this run by file, and what it says to a Ctrl-C. */
const follow = (stopRequests: StopRequests, world: World, owner: Owner): void =>
  stopRequests.follow({
    readRequest() {
      const { generation, phase, iteration } = owner.record
      return readRequest(owner.paths, generation, phase === 'running' ? iteration.number : undefined)
    },
    onCtrlC() {
      if (owner.record.phase === 'running')
        world.notify('Ctrl-C: stopping after this iteration; press again to end it now')
    },
  })

/**
 * @param guardScript path of the compiled guard
 * @returns the exit code of the program
 * @throws LockError when the session cannot be claimed
 */
export const run = async (world: World, request: ClaimRequest, guardScript: string): Promise<number> => {
  const stopRequests = new StopRequests()
  stopRequests.listen()
  const script = openGuardScript(guardScript)
  const target = await currentTarget(world)
  let claimed: Claim
  try {
    claimed = await claim(world, request, target, stopRequests.drain.signal)
  } catch (error) {
    const stopped = stopEnd(stopRequests.current, null)
    if (stopped === null) throw error
    return stopped.exitCode
  }
  const { owner } = claimed
  follow(stopRequests, world, owner)
  const end = await runHeld(world, claimed, stopRequests, script)
  for (const line of endTexts(owner.record, end)) world.notify(line)
  return end.exitCode
}
