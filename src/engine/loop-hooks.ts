/** The commands that a user has run beside a run, after each iteration: `--until` and `--on-iteration`. */
import { formatDuration } from '../core/duration.ts'
import type { IterationEntry } from '../core/history.ts'
import { iterationReport } from '../core/history.ts'
import type { UntilAnswer } from '../core/loop/decide.ts'
import type { WorkerStdio } from '../core/ports.ts'
import { printable } from '../core/printable.ts'
import { type HookEnd, runHook } from '../process/hook.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'
import type { StopRequests } from './stop-request.ts'
import { workerEnvironment } from './worker-environment.ts'

/** Without `--timeout`: a test suite may take its time. */
const UNTIL_SECONDS = 600
/** It tells somebody; whoever wants to do more leaves it in the background. */
const ON_ITERATION_SECONDS = 30
/** Of a command that a shell cannot run. */
const UNUSABLE_EXIT_CODES: readonly number[] = [126, 127]

export type HookTools = {
  readonly world: World
  readonly owner: Owner
  readonly stopRequests: StopRequests
  readonly stdio: WorkerStdio
}

type HookRequest = { readonly command: string; readonly input: string; readonly limitSeconds: number }

/** Its output follows the iteration's. The promise covers it: a check of ten minutes is announced, not mistaken for a hang. */
const run = (tools: HookTools, { command, input, limitSeconds }: HookRequest): Promise<HookEnd> => {
  const { world, owner, stopRequests, stdio } = tools
  owner.write({ phase: 'waiting' }, limitSeconds + owner.record.options.grace)
  return runHook(world, {
    command,
    cwd: owner.record.cwd,
    env: workerEnvironment(world, owner),
    input,
    output: [stdio[1], stdio[2]],
    limitSeconds,
    graceSeconds: owner.record.options.grace,
    giveUp: stopRequests.terminate.signal,
    killNow: stopRequests.kill.signal,
  })
}

const unusable = (exitCode: number, why: string): UntilAnswer => ({ kind: 'unusable', exitCode, why })

/** Asks `--until` whether the run is done. */
export const askUntil = async (tools: HookTools): Promise<UntilAnswer> => {
  const { world, owner } = tools
  const { until, timeout } = owner.record.options
  if (until === null) return { kind: 'not-asked' }
  const limitSeconds = timeout ?? UNTIL_SECONDS
  const end = await run(tools, { command: until, input: '', limitSeconds })
  switch (end.kind) {
    case 'exited':
      if (end.exitCode === 0) return { kind: 'yes' }
      return UNUSABLE_EXIT_CODES.includes(end.exitCode)
        ? unusable(end.exitCode, `--until cannot be run, exit code ${end.exitCode}: ${printable(until)}`)
        : { kind: 'no' }
    case 'not-started':
      return unusable(126, `--until cannot be run (${printable(end.reason)}): ${printable(until)}`)
    case 'late':
      world.notify(`--until has not answered within ${formatDuration(limitSeconds)} and was ended; going on`)
      return { kind: 'no' }
    case 'killed':
      world.notify(`--until was killed (${end.signal}); going on`)
      return { kind: 'no' }
    case 'given-up':
      return { kind: 'no' }
  }
}

/** Tells `--on-iteration` what the history has of the iteration. What comes of it changes nothing. */
export const tellIteration = async (tools: HookTools, entry: IterationEntry): Promise<void> => {
  const { world, owner } = tools
  const { on_iteration: command } = owner.record.options
  if (command === null) return
  const input = `${JSON.stringify(iterationReport(entry))}\n`
  const end = await run(tools, { command, input, limitSeconds: ON_ITERATION_SECONDS })
  if (end.kind === 'late')
    world.notify(`--on-iteration has not ended within ${ON_ITERATION_SECONDS}s and was ended; going on`)
  if (end.kind === 'not-started') world.notify(`--on-iteration cannot be run (${printable(end.reason)})`)
  if (end.kind === 'exited' && end.exitCode !== 0)
    world.notify(`--on-iteration ended with exit code ${end.exitCode}`)
}
