/**
 * A run: claim, iterate, release. The loop of the engine, and the only place where an iteration's end becomes a
 * run's end.
 *
 * The order of an end: refresher stopped → `stopping` written → worker ended → `ended` written → lock released.
 */
import { formatDuration } from '../core/duration.ts'
import { EXIT_CODES } from '../core/errors.ts'
import type { IterationEntry } from '../core/history.ts'
import { nextIteration, type RunPlan } from '../core/plan.ts'
import { printable, shellQuote } from '../core/printable.ts'
import type { EndReason, IterationResult, LastIteration, LockRecord, Position } from '../core/record.ts'
import { removeCgroup } from '../process/cgroup.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import { readRequest } from '../store/requests.ts'
import { currentTarget } from '../tmux/tmux.ts'
import type { World } from '../world.ts'
import { type Claim, type ClaimRequest, claim } from './claim.ts'
import { type IterationEnd, runIteration, TIMEOUT_EXIT_CODE } from './iteration.ts'
import type { Owner } from './owner.ts'
import { type Recording, startRecording } from './recording.ts'
import type { RefresherKeeper } from './refresher-keeper.ts'
import { exitCodeOf, type StopRequest, StopRequests } from './stop-request.ts'

type RunEnd = { readonly reason: EndReason; readonly exitCode: number }

const iterationOfTotal = ({ number, total }: Pick<Position, 'number' | 'total'>): string =>
  total === null ? `iteration ${number}` : `iteration ${number} of ${total}`

/** How long it takes at most until a hang is seen: the limit, the beats before it, and the heartbeat's own time. */
const describeDetection = ({ options, heartbeat: { interval } }: LockRecord): string => {
  const within = (limit: number): string => formatDuration(limit + options.stale_after + 2 * interval)
  const { quiet_after: quiet, stuck_after: stuck } = options
  const promises = [
    ...(quiet === null ? [] : [`${within(quiet)} of silence`]),
    ...(stuck === null ? [] : [`${within(stuck)} without progress`]),
  ]
  const beats = `heartbeat every ${formatDuration(interval)}`
  return promises.length === 0 ? beats : `${beats}; hung after ${promises.join(', or ')}`
}

const announce = (world: World, owner: Owner, plan: RunPlan): void => {
  const { record } = owner
  const { continues, abandons } = plan
  if (abandons !== null) {
    world.notify(
      `not continuing unfinished run ${abandons.generation} (${iterationOfTotal(abandons.iteration)}); --resume does that`,
    )
  }
  if (continues !== null) {
    const end =
      continues.ended === null
        ? 'lost its owner'
        : continues.ended.reason.replace('owner-died', 'lost its owner')
    world.notify(`continuing run ${continues.generation} (${end}) in ${printable(record.cwd)}`)
  }
  world.notify(
    `run ${record.generation} of ${record.session}, ${iterationOfTotal({ number: plan.first, total: plan.iterations })}: ${shellQuote(record.command)}` +
      ` (${describeDetection(record)})`,
  )
}

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

type Circumstances = {
  readonly isLast: boolean
  readonly failedTooOften: boolean
  readonly stopped: RunEnd | null
}

/** `null`: the run goes on. A stop that comes when the last iteration has succeeded changes nothing. */
const endAfter = (last: IterationEnd, { isLast, failedTooOften, stopped }: Circumstances): RunEnd | null => {
  if (isLast && last.result === 'ok') return { reason: 'completed', exitCode: 0 }
  if (stopped !== null) return stopped
  if (failedTooOften) return { reason: 'failed', exitCode: last.exitCode }
  return isLast ? { reason: 'completed', exitCode: last.exitCode } : null
}

/** Seconds, no finer than anybody measures them. */
const milliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000

const iterationEntry = (record: LockRecord, last: IterationEnd, endedEpoch: number): IterationEntry => {
  const { generation, iteration, watch } = record
  const started = iteration.started_epoch ?? endedEpoch
  return {
    kind: 'iteration',
    generation,
    iteration: iteration.number,
    started_epoch: started,
    duration: milliseconds(Math.max(0, endedEpoch - started)),
    result: last.result,
    exit_code: last.workerExitCode,
    signal: last.signal,
    beats: watch?.beats ?? 0,
    longest_quiet: milliseconds(watch?.longest_quiet ?? 0),
    output_bytes: last.output?.bytes ?? 0,
    output_lost: last.output?.lost ?? 0,
    left_running: last.leftRunning,
    incident: last.incident,
    changed: null,
  }
}

const RESULT_TEXTS: Readonly<Record<IterationResult, string>> = {
  ok: 'succeeded',
  failed: 'failed',
  killed: 'was killed',
  timeout: 'ran out of time',
  interrupted: 'was interrupted',
}

/** An iteration that was interrupted on request says nothing about the command. */
const failuresAfter = (last: IterationEnd, before: number): number =>
  last.result === 'ok' ? 0 : last.result === 'interrupted' ? before : before + 1

type RunTools = {
  readonly stopRequests: StopRequests
  readonly recording: Recording
  readonly history: HistoryWriter
  readonly refresherScript: string
  readonly onKeeper: (keeper: RefresherKeeper | null) => void
}

const iterate = async (world: World, owner: Owner, plan: RunPlan, tools: RunTools): Promise<RunEnd> => {
  const { stopRequests, history, recording } = tools
  const { options, iterations } = plan
  // All iterations were done and only the end was not written: their last exit code still holds.
  const before = plan.continues?.last_iteration
  let last: IterationEnd | null = null
  for (let iteration = plan.first; iterations === null || iteration <= iterations; iteration += 1) {
    await recording.begin(iteration, stopRequests.terminate.signal)
    const stopped = stopEnd(stopRequests.current, last)
    if (stopped !== null) return stopped

    last = await runIteration(world, owner, iteration, tools)
    const endedEpoch = world.clock.epoch()
    history.add(iterationEntry(owner.record, last, endedEpoch))
    const failures = failuresAfter(last, owner.record.failures)
    owner.stage({
      worker: null,
      refresher: null,
      failures,
      last_iteration: {
        generation: owner.record.generation,
        iteration,
        result: last.result,
        exit_code: last.workerExitCode,
        signal: last.signal,
        ended_epoch: endedEpoch,
      },
    })
    stopRequests.checkFile()
    const end = endAfter(last, {
      isLast: iterations !== null && iteration >= iterations,
      failedTooOften: options.max_failures !== null && failures >= options.max_failures,
      stopped: stopEnd(stopRequests.current, last),
    })
    if (end !== null) return end
    if (last.result !== 'ok')
      world.notify(
        `${iterationOfTotal(owner.record.iteration)} ${RESULT_TEXTS[last.result]} with exit code ${last.exitCode}; continuing`,
      )
    if (options.delay > 0) {
      // The promise covers the pause: half an hour between iterations is announced, not mistaken for a hang.
      owner.write({ phase: 'waiting' }, options.delay)
      await world.clock.sleep(options.delay, stopRequests.drain.signal)
    }
  }
  return stopEnd(stopRequests.current, last) ?? endOfAll(before ?? null, owner.record)
}

/** All iterations were done, and only the end of the run was not written. */
const endOfAll = (last: LastIteration | null, { failures, options }: LockRecord): RunEnd => {
  if (last === null || last.result === 'ok') return { reason: 'completed', exitCode: 0 }
  const ofSignal = last.signal === null ? (last.exit_code ?? 1) : exitCodeOf(last.signal)
  const failed = options.max_failures !== null && failures >= options.max_failures
  return {
    reason: failed ? 'failed' : 'completed',
    exitCode: last.result === 'timeout' ? TIMEOUT_EXIT_CODE : ofSignal,
  }
}

const END_TEXTS: Readonly<Record<EndReason, string>> = {
  completed: 'completed',
  failed: 'failed',
  interrupted: 'interrupted',
  superseded: 'taken over by somebody else',
  'owner-died': 'lost its owner',
}

/** The compiled helpers of a run. */
export type Scripts = { readonly refresher: string; readonly recorder: string }

const startRecorder = async (world: World, owner: Owner, script: string, onLost: (bytes: number) => void) => {
  const dir = owner.paths.run(owner.record.generation)
  return startRecording(world, owner.record, { dir, script, onLost })
}

/**
 * @returns the exit code of the program
 * @throws LockError when the session cannot be claimed
 */
export const run = async (world: World, request: ClaimRequest, scripts: Scripts): Promise<number> => {
  let owned: Owner | null = null
  const stopRequests = new StopRequests(
    () =>
      readRequest(
        world.paths(request.name),
        owned?.record.generation ?? 0,
        owned?.record.phase === 'running' ? owned.record.iteration.number : undefined,
      ),
    () => {
      if (owned?.record.phase === 'running')
        world.notify('Ctrl-C: stopping after this iteration; press again to end it now')
    },
  )
  stopRequests.listen()
  const target = await currentTarget(world)
  let claimed: Claim
  try {
    claimed = await claim(world, request, target, stopRequests.drain.signal)
  } catch (error) {
    const stopped = stopEnd(stopRequests.current, null)
    if (stopped === null) throw error
    return stopped.exitCode
  }
  const { owner, plan, history } = claimed
  owned = owner
  const { generation } = owner.record
  // After an error in here nothing is known about the worker, so this is no clean end: the next claim searches for it.
  let end: RunEnd = { reason: 'owner-died', exitCode: EXIT_CODES.io }
  let keeper: RefresherKeeper | null = null
  let recording: Recording | null = null
  try {
    announce(world, owner, plan)
    recording = await startRecorder(world, owner, scripts.recorder, (bytes) => {
      owner.stage({ output_lost: bytes })
      keeper?.reportLost(bytes)
    })
    end = await iterate(world, owner, plan, {
      stopRequests,
      recording,
      history,
      refresherScript: scripts.refresher,
      onKeeper: (current) => {
        keeper = current
      },
    })
  } finally {
    await recording?.close()
    const { iteration } = owner.record
    history.event({
      generation,
      event: 'ended',
      iteration: iteration.number,
      detail: `${end.reason}, exit code ${end.exitCode}`,
    })
    removeCgroup(owner.record.cgroup)
    owner.end({ reason: end.reason, exit_code: end.exitCode })
  }
  if (end.reason !== 'completed' || end.exitCode !== 0) {
    const { iteration, ended } = owner.record
    const inIteration = iteration.number === 0 ? '' : ` in ${iterationOfTotal(iteration)}`
    world.notify(
      `run ${generation} of ${request.name}: ${END_TEXTS[end.reason]}${inIteration}, exit code ${end.exitCode}`,
    )
    if (ended !== null && end.reason !== 'superseded' && nextIteration(owner.record) !== null)
      world.notify(`continue with iteration ${nextIteration(owner.record)}: engine.sh run ${request.name}`)
  }
  return end.exitCode
}
