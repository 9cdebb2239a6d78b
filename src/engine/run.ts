/**
 * A run: claim, iterate, release. The loop of the engine, and the only place where an iteration's end becomes a
 * run's end.
 *
 * The order of an end: guard pauses → `stopping` written → worker ended → `ended` written → guard and watchdog let go →
 * lock released.
 */
import { EXIT_CODES, errors, formatError } from '../core/errors.ts'
import type { IterationEntry } from '../core/history.ts'
import type { Changed } from '../core/loop/changed.ts'
import {
  decide,
  failuresAfter,
  isOverAt,
  type RunEnd,
  type Step,
  timeIsOver,
  type UntilAnswer,
} from '../core/loop/decide.ts'
import { retryNote } from '../core/note.ts'
import type { RunPlan } from '../core/plan.ts'
import type { LastIteration, LockRecord } from '../core/record.ts'
import { removeCgroup } from '../process/cgroup.ts'
import { FIRST_PROCESS_NOTICE } from '../process/first-process.ts'
import { removeMemoryGroup } from '../process/memory-group.ts'
import { keepHeapSmall } from '../process/small-heap.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import { iterationNotes } from '../store/notes.ts'
import { readRequest } from '../store/requests.ts'
import type { World } from '../world.ts'
import { Changes, type IterationChanges } from './changes.ts'
import { type Claim, type ClaimRequest, claim } from './claim.ts'
import { FileWatch, lostLockEnd } from './file-watch.ts'
import { openGuardScript } from './guard-script.ts'
import { type IterationTools, runIteration } from './iteration.ts'
import { type IterationEnd, iterationEntry, lastIteration, shellCodeOfLast } from './iteration-end.ts'
import { goneDirectoryEnd, isDirectoryGone } from './job-directory.ts'
import { askUntil, tellIteration } from './loop-hooks.ts'
import { OutputKeeper } from './output-keeper.ts'
import { ownPane } from './own-pane.ts'
import type { Owner } from './owner.ts'
import { type Recording, startRecording } from './recording.ts'
import { continuingTexts, endTexts, startTexts } from './run-texts.ts'
import { startService } from './service.ts'
import { exitCodeOf, type StopRequest, StopRequests } from './stop-request.ts'
import { tellEnd } from './tell-end.ts'
import { TerminalKeeper } from './terminal-keeper.ts'

const NOT_LOOKED_AT: IterationChanges = { changed: null, text: null }

/** How long a suspended machine may stay unnoticed when it wakes up. */
const PAUSE_LOOK_SECONDS = 30

type Terminated = Extract<StopRequest, { kind: 'terminate' }>

/** Ctrl-C and Ctrl-\ are keys: then a person has asked for the end. */
const isAsked = ({ signal, asked }: Terminated): boolean =>
  asked === 'stop' || signal === 'SIGINT' || signal === 'SIGQUIT'

const terminatedEnd = (request: Terminated): RunEnd => {
  if (request.asked === 'supersede')
    return { reason: 'superseded', exitCode: EXIT_CODES.superseded, detail: null }
  const end: RunEnd = { reason: 'interrupted', exitCode: exitCodeOf(request.signal), detail: null }
  return isAsked(request) ? end : { ...end, signal: request.signal }
}

/** The run's end when its worker has hung, and that is what `--on-hung` says. */
const hungEnd = ({ options }: LockRecord, { hung, exitCode }: IterationEnd): RunEnd | null =>
  hung !== null && options.on_hung === 'stop'
    ? { reason: 'failed', exitCode, detail: `its worker hung (${hung}): --on-hung stop` }
    : null

const stopEnd = (request: StopRequest, last: IterationEnd | null): RunEnd | null => {
  switch (request.kind) {
    case 'none':
      return null
    case 'drain':
      return {
        reason: 'interrupted',
        exitCode: request.asked === 'ctrl-c' ? exitCodeOf('SIGINT') : (last?.exitCode ?? 0),
        detail: null,
      }
    case 'terminate':
      return terminatedEnd(request)
  }
}

type RunTools = IterationTools & {
  readonly plan: RunPlan
  readonly history: HistoryWriter
}

/** History first, then the record: an owner that dies between the two has done the iteration all the same. */
export const recordIteration = (
  { owner, history }: Pick<RunTools, 'owner' | 'history'>,
  last: IterationEnd,
  changed: Changed | null,
  endedEpoch: number,
): IterationEntry => {
  const entry = iterationEntry(owner.record, last, changed, endedEpoch)
  history.add(entry)
  owner.stage({
    worker: null,
    refresher: null,
    failures: failuresAfter(last.result, owner.record.failures),
    last_iteration: lastIteration(owner.record, last, endedEpoch),
  })
  return entry
}

/**
 * The last words of the user's own commands. One that was ended to make room for somebody else asks nobody, and where the
 * run's directory is gone they cannot start.
 */
const askHooks = async (tools: RunTools, last: IterationEnd, entry: IterationEntry): Promise<UntilAnswer> => {
  const { current } = tools.stopRequests
  const hooks = { ...tools, stdio: tools.recording.stdio }
  const isSilent =
    isDirectoryGone(tools.owner.record.cwd) ||
    (current.kind === 'terminate' &&
      (last.result === 'interrupted' || current.asked === 'supersede' || current.asked === 'lock-lost'))
  const answer: UntilAnswer = isSilent ? { kind: 'not-asked' } : await askUntil(hooks)
  if (!isSilent) await tellIteration(hooks, entry)
  return answer
}

/** What follows after an iteration that has ended: the one place where its end becomes the run's. */
const followUp = async (tools: RunTools, last: IterationEnd): Promise<Step> => {
  const { world, owner, plan, stopRequests, changes, sightings } = tools
  const endedEpoch = world.clock.epoch()
  const outputSeen = sightings.take()
  // Who is to end now does not wait for a look at a large repository.
  const isHurried = stopRequests.terminate.signal.aborted
  if (isHurried) changes.close()
  const { changed, text } = isHurried ? NOT_LOOKED_AT : await changes.end(last.output)
  const entry = recordIteration(tools, last, changed, endedEpoch)
  const until = await askHooks(tools, last, entry)
  stopRequests.checkFile()
  const { generation, iteration, failures, loop, options } = owner.record
  const { exitCode, result } = last
  const { step, state } = decide(
    {
      outcome: { result, exitCode, durationSeconds: entry.duration, changed, text },
      outputSeen,
      until,
      stopped: stopEnd(stopRequests.current, last) ?? hungEnd(owner.record, last),
      isLast: plan.iterations !== null && iteration.number >= plan.iterations,
      failures,
      now: world.clock.epoch(),
      retry: retryNote(iterationNotes(owner.paths, generation, iteration.number)),
      random: Math.random(),
    },
    options,
    loop,
  )
  owner.stage({ loop: state })
  return step
}

/** The pause between two iterations. The promise covers it: half an hour is announced, not mistaken for a hang. */
const pause = async ({ world, owner, stopRequests, changes }: RunTools, seconds: number): Promise<void> => {
  if (seconds === 0) return
  changes.forget()
  owner.write({ phase: 'waiting' }, seconds)
  const until = owner.record.loop.next_epoch ?? 0
  const ends = world.clock.monotonic() + seconds
  // The monotonic clock stands still while a laptop sleeps; the moment that was named does not.
  for (let left = seconds; left > 0 && !stopRequests.drain.signal.aborted; ) {
    await world.clock.sleep(Math.min(left, PAUSE_LOOK_SECONDS), stopRequests.drain.signal)
    left = Math.min(ends - world.clock.monotonic(), until - world.clock.epoch())
  }
}

/** Who has just quit a full-screen program by a key may have meant the run: there Ctrl-C is a key like any other. */
const OFFER_SECONDS = 2

const offerEnd = async ({ world, stopRequests, terminal }: RunTools): Promise<void> => {
  const { signal } = stopRequests.drain
  if (terminal?.wasReadLately() !== true || signal.aborted) return
  world.notify(`the next iteration starts in ${OFFER_SECONDS}s; Ctrl-C now ends the run`)
  await world.clock.sleep(OFFER_SECONDS, signal)
}

/** The end of a run before an iteration; `null` when it may begin. */
const endBefore = (
  { world, owner, plan, stopRequests }: RunTools,
  last: IterationEnd | null,
): RunEnd | null => {
  const stopped = stopEnd(stopRequests.current, last)
  if (stopped !== null) return stopped
  const { loop, options } = owner.record
  if (!isOverAt(loop, world.clock.epoch())) return null
  const before = plan.continues?.last_iteration ?? null
  return timeIsOver(options, last?.exitCode ?? (before === null ? 0 : shellCodeOfLast(before)))
}

/** What `status` and `why` say of the run's end. */
const withMemory = (end: RunEnd): RunEnd => {
  const what = 'its last iteration was killed by the kernel for memory'
  return { ...end, detail: end.detail === null ? what : `${end.detail}; ${what}` }
}

const iterate = async (tools: RunTools): Promise<RunEnd> => {
  const { world, owner, plan, stopRequests, recording, changes } = tools
  const outputs = new OutputKeeper(world, owner)
  let last: IterationEnd | null = null
  for (let iteration = plan.first; iteration <= (plan.iterations ?? iteration); iteration += 1) {
    await recording.begin(iteration, stopRequests.terminate.signal)
    const isGone = isDirectoryGone(owner.record.cwd)
    if (!stopRequests.drain.signal.aborted && !isGone) await changes.begin()
    const over = endBefore(tools, last) ?? goneDirectoryEnd(world, owner)
    if (over !== null) return over
    last = await runIteration(tools, iteration)
    const step = await followUp(tools, last)
    outputs.prune(last.output?.bytes ?? 0)
    if (step.kind === 'end') return last.oom ? withMemory(step.end) : step.end
    for (const line of continuingTexts(owner.record, last, step)) world.notify(line)
    if (iteration === plan.first) keepHeapSmall()
    await pause(tools, step.waitSeconds)
    if (step.waitSeconds === 0 && last.result === 'ok') await offerEnd(tools)
  }
  return stopEnd(stopRequests.current, last) ?? endOfAll(plan.continues?.last_iteration ?? null, owner.record)
}

/** All iterations were done, and only the end of the run was not written: the last exit code still holds. */
const endOfAll = (last: LastIteration | null, { failures, loop, options }: LockRecord): RunEnd => {
  if (last === null || last.result === 'ok') return { reason: 'completed', exitCode: 0, detail: null }
  const failed = options.max_failures !== null && failures - loop.excused >= options.max_failures
  return { reason: failed ? 'failed' : 'completed', exitCode: shellCodeOfLast(last), detail: null }
}

/** After an error nothing is known about the worker, so this is no clean end: the next claim searches for it. */
const LOST: RunEnd = { reason: 'owner-died', exitCode: EXIT_CODES.io, detail: null }

/** @param letGo lets guard and watchdog go */
export const release = (
  { owner, history }: Pick<RunTools, 'owner' | 'history'>,
  end: RunEnd,
  letGo: () => void,
): void => {
  const { generation, iteration, cgroup } = owner.record
  const why = end.detail === null ? '' : `: ${end.detail}`
  const detail = `${end.reason}, exit code ${end.exitCode}${why}`
  history.event({ generation, event: 'ended', iteration: iteration.number, detail })
  removeCgroup(cgroup)
  const signal = end.signal === undefined ? {} : { signal: end.signal }
  const rule = end.detail === null ? {} : { detail: end.detail }
  owner.end({ reason: end.reason, exit_code: end.exitCode, ...rule, ...signal }, letGo)
}

/** Where nobody can listen, a run that waits for a line of output would have no end. */
const unseenEnd = (world: World, owner: Owner, recording: Recording): RunEnd | null => {
  if (owner.record.options.until_output === null || recording.isKept) return null
  const error = errors.noRecording('--until-output')
  world.notify(formatError(error))
  return { reason: 'failed', exitCode: error.exitCode, detail: 'the output cannot be seen here' }
}

const runHeld = async (
  world: World,
  { owner, plan, history, memory }: Claim,
  stopRequests: StopRequests,
  script: number,
): Promise<RunEnd> => {
  let end = LOST
  let letGo: () => void = () => undefined
  const files = new FileWatch({ world, owner, stopRequests })
  let close: () => void = () => undefined
  try {
    for (const line of startTexts(owner.record, plan)) world.notify(line)
    if (world.self.pid === 1) world.notify(FIRST_PROCESS_NOTICE)
    const changes = new Changes(world, owner)
    close = () => changes.close()
    const terminal = await TerminalKeeper.open(world, owner.record.tmux)
    const started = await startRecording(world, owner, script, terminal?.saved ?? null)
    const { recording, guard } = started
    files.shareWith(guard)
    letGo = () => guard.end()
    try {
      const ended =
        unseenEnd(world, owner, recording) ??
        (await iterate({ world, owner, plan, history, stopRequests, changes, terminal, memory, ...started }))
      end = lostLockEnd({ world, owner }) ?? ended
    } finally {
      await recording.close()
    }
  } finally {
    files.stop()
    close()
    removeMemoryGroup(memory)
    release({ owner, history }, end, letGo)
    tellEnd(world, owner.record, end, script)
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
  stopRequests.listen(world.self)
  const script = openGuardScript(guardScript)
  const limits = world.self.restoreLimits(world.run)
  const target = await ownPane(world)
  let claimed: Claim
  try {
    claimed = await claim(world, request, target, stopRequests.drain.signal)
  } catch (error) {
    const stopped = stopEnd(stopRequests.current, null)
    if (stopped === null) throw error
    return stopped.exitCode
  }
  const { owner } = claimed
  await limits
  follow(stopRequests, world, owner)
  const endService = startService({ world, owner, stopRequests })
  let end: RunEnd
  try {
    end = await runHeld(world, claimed, stopRequests, script)
  } finally {
    endService()
  }
  for (const line of endTexts(owner.record, end)) world.notify(line)
  return end.exitCode
}
