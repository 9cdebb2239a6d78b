/** The output of a run, as the engine sees it: where an iteration begins and ends, and whether all of it is on disk. */
import { resolve } from 'node:path'
import type { WorkerStdio } from '../core/ports.ts'
import type { LockRecord } from '../core/record.ts'
import type { SavedTerminal } from '../guard/protocol.ts'
import { prepareMoves } from '../process/cgroup.ts'
import { randomHex } from '../process/random.ts'
import type { UntilOutputConfig } from '../recorder/protocol.ts'
import type { World } from '../world.ts'
import { GuardKeeper } from './guard-keeper.ts'
import { OutputSightings } from './output-sightings.ts'
import { openStreams, type Stream } from './output-streams.ts'
import type { Owner } from './owner.ts'
import { RecordedOutput } from './recorded-output.ts'

export type OutputSizes = {
  /** Of the iteration, kept or not. */
  readonly bytes: number
  readonly lost: number
}

export type Recording = {
  readonly stdio: WorkerStdio
  /** Whether what the worker prints is kept, and looked at. */
  readonly isKept: boolean
  /** Whether it comes through a pane, where somebody may type. */
  readonly hasPane: boolean
  /** Resolves when what comes now belongs to `iteration`, or when `hurry` is aborted. */
  begin(iteration: number, giveUp: AbortSignal): Promise<void>
  /** Resolves when all that the iteration has printed is on disk, or after `timeoutSeconds`; `null`: nothing is kept. */
  end(iteration: number, timeoutSeconds: number): Promise<OutputSizes | null>
  close(): Promise<void>
}

/** Nothing is recorded: the worker writes to a terminal whose output cannot be captured. */
const NO_RECORDING: Recording = {
  stdio: ['inherit', 'inherit', 'inherit'],
  isKept: false,
  hasPane: false,
  begin: async () => undefined,
  end: async () => null,
  close: async () => undefined,
}

const untilOutputOf = ({ options, command, cwd }: LockRecord): UntilOutputConfig | null => {
  const { until_output: text, stdin } = options
  return text === null ? null : { text, command, stdin: stdin === null ? null : resolve(cwd, stdin) }
}

/** Where it cannot be told whether there is something to record; or when somebody waits for a line. */
const isNeededAtOnce = (streams: readonly Stream[], { options }: LockRecord): boolean =>
  options.until_output !== null || streams.some(({ writes }) => writes === null)

export type StartedRecording = {
  readonly recording: Recording
  readonly guard: GuardKeeper
  /** Of the line that `--until-output` looks for. */
  readonly sightings: OutputSightings
}

/**
 * Opens the pipes of the output, and starts what guards the run; the guard records the output.
 *
 * @param owner before its first iteration @param script the compiled guard, open
 */
export const startRecording = async (
  world: World,
  owner: Owner,
  script: number,
  terminal: SavedTerminal | null,
): Promise<StartedRecording> => {
  const { record, paths } = owner
  const dir = paths.run(record.generation)
  const streams = await openStreams(world, dir, record)
  // What the claim has prepared may be over by now, on a busy machine.
  const moves = prepareMoves(record.cgroup)
  const secret = randomHex(12)
  const guard = new GuardKeeper(world, owner, script, {
    readers: streams.map(({ reader }) => reader),
    isNeededAtOnce: isNeededAtOnce(streams, record),
    terminal,
    recording: {
      dir,
      secret,
      logLimit: record.options.log_limit,
      untilOutput: untilOutputOf(record),
      streams: streams.map(({ show, pane }) => ({ show, pane })),
    },
  })
  const sightings = new OutputSightings(world, () => owner.record)
  const recorded =
    streams.length === 0 ? null : new RecordedOutput(world, owner, guard, { streams, secret, sightings })
  guard.start((report) => recorded?.hear(report))
  await moves
  return { recording: recorded ?? NO_RECORDING, guard, sightings }
}
