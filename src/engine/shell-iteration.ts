/** One iteration of a bash script that has sourced lock.sh, as the engine runs its own: with guard, watchdog and recording. */
import { livenessOf } from '../core/identity.ts'
import { removeMemoryGroup } from '../process/memory-group.ts'
import { randomUuid } from '../process/random.ts'
import type { HistoryWriter } from '../session/history-writer.ts'
import type { LockedRecord } from '../session/locked-session.ts'
import { readRequest } from '../store/requests.ts'
import type { World } from '../world.ts'
import { Changes } from './changes.ts'
import { memoryGroupOf } from './claim.ts'
import { FileWatch, lostLockEnd } from './file-watch.ts'
import { openGuardScript } from './guard-script.ts'
import { runIteration } from './iteration.ts'
import type { IterationEnd } from './iteration-end.ts'
import type { Owner } from './owner.ts'
import { startRecording } from './recording.ts'
import { recordIteration } from './run.ts'
import {
  clearLastIteration,
  type Opened,
  openLocked,
  ownerOf,
  pauseSeconds,
  referenceOf,
  type ShellStep,
  worldWith,
} from './shell-session.ts'
import { StopRequests } from './stop-request.ts'
import { TerminalKeeper } from './terminal-keeper.ts'

/** How soon the death of the shell is noticed, where a look costs nothing. */
const LOOK_SECONDS = 0.1
const COSTLY_LOOK_SECONDS = 1

/** With the shell dead this process ends at once: its guard sees that, ends the worker, and writes down how. */
export const endWithShell = (world: World, { owner }: LockedRecord): (() => void) => {
  const seconds = world.inspector.hasProcfs ? LOOK_SECONDS : COSTLY_LOOK_SECONDS
  const looks = setInterval(() => {
    const now = livenessOf(world.inspector.snapshot(), owner, owner.started_clock, world.inspector)
    if (now.kind === 'gone') world.signal(world.self.pid, 'SIGKILL')
  }, seconds * 1000)
  return () => clearInterval(looks)
}

export type ShellCommand = {
  /** What is shown. */
  readonly command: readonly string[]
  /** What is run, when that is something else: bash, for a function. */
  readonly started: readonly string[]
}

/** This process is the supervisor from here on, and the record says so before anything is started: whoever comes next has to know the cookie. */
const beginIteration = (world: World, opened: Opened, command: readonly string[]): Owner => {
  const { record } = opened
  const { shell } = record
  const owner = ownerOf(world, opened, {
    ...record,
    command,
    cwd: world.cwd,
    cookie: randomUuid(),
    worker: null,
    members: [],
    shell: shell === null ? null : { ...shell, supervisor: referenceOf(world, world.self.pid) },
  })
  owner.write({ refresher: null })
  return owner
}

/** The script has the record again. */
const endIteration = (owner: Owner): void => {
  const { shell } = owner.record
  owner.write(
    { phase: 'waiting', refresher: null, shell: shell === null ? null : { ...shell, supervisor: null } },
    pauseSeconds(owner),
  )
}

type Supervised = {
  readonly world: World
  readonly owner: Owner
  readonly history: HistoryWriter
  readonly stopRequests: StopRequests
  /** The compiled guard, open. */
  readonly script: number
}

const supervise = async ({
  world,
  owner,
  history,
  stopRequests,
  script,
}: Supervised): Promise<IterationEnd> => {
  const number = owner.record.iteration.number + 1
  const terminal = await TerminalKeeper.open(world, owner.record.tmux)
  const started = await startRecording(world, owner, script, terminal?.saved ?? null)
  const { recording, guard } = started
  const changes = new Changes(world, owner)
  const memory = memoryGroupOf(world, owner.record)
  const files = new FileWatch({ world, owner, stopRequests })
  files.shareWith(guard)
  try {
    await recording.begin(number, stopRequests.terminate.signal)
    await changes.begin()
    const tools = { world, owner, stopRequests, terminal, changes, memory, ...started }
    const end = await runIteration(tools, number)
    const { changed } = await changes.end(end.output)
    recordIteration({ owner, history }, end, changed, world.clock.epoch())
    const lost = lostLockEnd({ world, owner })
    return lost === null ? end : { ...end, result: 'interrupted', exitCode: lost.exitCode }
  } finally {
    files.stop()
    changes.close()
    removeMemoryGroup(memory)
    await recording.close()
    endIteration(owner)
    guard.end()
  }
}

/** @returns how it has ended @throws LockError */
export const iterateForShell = async (
  outer: World,
  step: ShellStep,
  { command, started: words }: ShellCommand,
  guardScript: string,
): Promise<IterationEnd> => {
  const stopRequests = new StopRequests()
  stopRequests.listen(outer.self)
  const script = openGuardScript(guardScript)
  const opened = await openLocked(outer, step)
  const { locked, record } = opened
  const stopLooking = endWithShell(outer, record)
  try {
    await clearLastIteration(outer, locked, record)
    const world = worldWith(outer, { start: (_shown, options) => outer.start(words, options) })
    const owner = beginIteration(world, opened, command)
    const number = record.iteration.number + 1
    stopRequests.follow({
      readRequest: () => readRequest(owner.paths, record.generation, number),
      onCtrlC: () => undefined,
    })
    return await supervise({ world, owner, history: locked.history, stopRequests, script })
  } finally {
    stopLooking()
  }
}
