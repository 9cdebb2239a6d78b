/**
 * The program behind a run: dist/guard.js, started by the engine as its guard and, in the last resort, by the watchdog.
 *
 * As a guard it holds a copy of the lock's descriptor, so that nobody else can have claimed the session while it works.
 */
import { spawn } from 'node:child_process'
import { closeSync, existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { ORPHAN_GRACE_SECONDS } from '../core/defaults.ts'
import { noticeOfEvent } from '../core/notice.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { endWorker } from '../process/end-worker.ts'
import { openReader, readLines } from '../process/lines.ts'
import { Looks } from '../process/looks.ts'
import { openNonBlocking } from '../process/non-blocking.ts'
import { endPanePipe } from '../recorder/pane-pipe.ts'
import { Recorder, type RecorderPorts } from '../recorder/recorder.ts'
import { adoptLock, type HeldLock, unlockInherited } from '../store/kernel-lock.ts'
import { type BeatingWorld, startBeating } from './beating.ts'
import { awaitOwnerDeath, type DeadRunWorld, endDeadRun, findRun } from './dead-run.ts'
import { Guard } from './guard.ts'
import { tellNotice } from './notifier.ts'
import { runOrphanMode } from './orphan-mode.ts'
import {
  encodeLine,
  FIRST_STREAM_FD,
  type GuardConfig,
  type GuardMessage,
  LOADER,
  LOCK_FD,
  NOTICE_VARIABLE,
  type NoticeRequest,
  type OwnerMessage,
  otherLockFds,
  parseLine,
  REPORT_FD,
  SCRIPT_FD,
  SENTINEL_VARIABLE,
  WATCHDOG_CONFIG_VARIABLE,
  WATCHDOG_GUARD_VARIABLE,
} from './protocol.ts'
import { standBy } from './sentinel.ts'
import { type GuardWorld, guardWorld, tell } from './world.ts'

/** What the worker said last is in the pipe when it is gone; for a pane it may still be in tmux. */
const PIPE_LOOKS = 20
const PANE_LOOKS = 40
const LOOK_PAUSE_SECONDS = 0.005
/** Something that an earlier iteration left in the background may write without end. */
const MOST_LOOKS = 100
/** A tmux server that answers does so within milliseconds. The owner's death is to be over soon; an end may take longer. */
const PANE_STATE_SECONDS = 0.3
const PANE_STATE_END_SECONDS = 3
/** A pane's pipe that its owner could not take back, as from a tmux server that does not answer. */
const PANE_LEFT_SECONDS = 3
/** Between two looks at what the run stands on, and at what is asked of a person, while nothing is printed. */
const REST_SECONDS = 7.5

/** Node waits at its end for a write that is in the kernel, and one to a terminal that is held never returns. */
const exit = (recorder: Recorder | null): void => {
  recorder?.close()
  if (recorder?.isBlocked === true) process.kill(process.pid, 'SIGKILL')
  process.exit(0)
}

const endPanes = ({ recording }: GuardConfig): void => {
  for (const { pane } of recording.streams) if (pane !== null) endPanePipe(pane)
}

/**
 * Looks are counted, and not time: between two of them the streams are read, however late a busy machine comes to it.
 *
 * @param looks in a row without a new byte after which all that there was has been read
 * @returns whether nobody can write any more
 */
const readToEnd = async ({ clock }: Pick<DeadRunWorld, 'clock'>, recorder: Recorder, looks: number) => {
  let taken = recorder.taken
  let quiet = 0
  for (let look = 0; look < MOST_LOOKS && quiet < looks && !recorder.isFinished; look += 1) {
    await clock.sleep(LOOK_PAUSE_SECONDS)
    quiet = recorder.taken === taken ? quiet + 1 : 0
    taken = recorder.taken
  }
  return recorder.isFinished
}

/**
 * The worker is gone, and something that an earlier iteration left in the background still writes. This process has to
 * end with its owner, so another one reads on.
 */
const handOn = (config: GuardConfig, recorder: Recorder): void => {
  const { recording } = config
  const streams = recording.streams.map((_, index) => FIRST_STREAM_FD + index)
  const next = spawn(process.execPath, ['-e', LOADER], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'ignore', 'ignore', SCRIPT_FD, ...streams],
    detached: true,
  })
  next.on('error', () => undefined)
  const hidden = recording.streams.map(({ pane }) => ({ pane, show: null }))
  next.stdin?.on('error', () => undefined)
  next.stdin?.write(
    encodeLine({
      ...config,
      recordsOnly: true,
      recording: { ...recording, iteration: recorder.iteration, streams: hidden },
    }),
  )
}

/** Keeps what is left of a dead run's output. */
const finishRecording = async (
  world: Pick<DeadRunWorld, 'clock'>,
  config: GuardConfig,
  recorder: Recorder | null,
): Promise<void> => {
  if (recorder === null || recorder.isFinished) return
  const hasPane = config.recording.streams.some(({ pane }) => pane !== null)
  if (hasPane && (await readToEnd(world, recorder, PANE_LOOKS))) return
  endPanes(config)
  await readToEnd(world, recorder, PIPE_LOOKS)
}

const selfReference = ({ inspector }: DeadRunWorld): ProcessReference | null => {
  const self = inspector.snapshot().inspect(process.pid)
  return self.kind === 'process' ? { pid: process.pid, pid_started: self.facts.started } : null
}

/** The newest of what is on the disk, and what the guard has seen and perhaps could not write. */
const newest = (stored: LockRecord, watched: LockRecord | null): LockRecord => {
  if (watched === null) return stored
  const [onDisk, seen] = [stored.iteration.number, watched.iteration.number]
  return onDisk < seen || (onDisk === seen && stored.phase === 'running') ? watched : stored
}

/** Whoever gets the session finds them free; so they go first. A second call does nothing. */
const otherLocksRelease = (config: GuardConfig): (() => void) => {
  const fds = [...otherLockFds(config)]
  return () => {
    for (const fd of fds.splice(0)) unlockInherited(fd, config.lockTool)
  }
}

/** @returns whether the lock may be let go: without all of the worker ended it goes with this process */
const endRunOfDeadOwner = async (
  world: DeadRunWorld,
  { known }: GuardConfig,
  watched: LockRecord | null,
  lock: HeldLock,
): Promise<boolean> => {
  const found = findRun(world.paths, known)
  if (found.kind === 'over') return false
  const record = found.kind === 'open' ? newest(found.record, watched) : (watched ?? known)
  if (!(await awaitOwnerDeath(world, record))) {
    // A shell that lives has lost the process that ran its iteration: the worker would be left to itself.
    if (record.shell !== null && found.kind === 'open')
      await endWorker(world, record, Math.min(record.options.grace, ORPHAN_GRACE_SECONDS))
    return false
  }
  return endDeadRun(world, record, found.kind === 'open' ? lock : null)
}

/** @param ports those that matter; without the others it does nothing, and may always open its files */
const startRecorder = (
  config: GuardConfig,
  ports: Partial<Omit<RecorderPorts, 'openDirect'>> = {},
): Recorder | null =>
  config.recording.streams.length === 0
    ? null
    : new Recorder(config.recording, FIRST_STREAM_FD, {
        report: () => undefined,
        onFinished: () => undefined,
        onTaken: () => undefined,
        mayOpen: () => true,
        ...ports,
        openDirect: (fd) => openNonBlocking(fd, process.platform),
      })

const startGuard = async (config: GuardConfig): Promise<Guard> => {
  // Asked for by the run's end, if it comes to that, and again before this process goes.
  let kept: Promise<void> | undefined
  const keepOutput = (): Promise<void> => (kept ??= finishRecording(world, config, recorder))
  const world: GuardWorld = { ...(await guardWorld(config)), keepOutput }
  const reports = new Socket({ fd: REPORT_FD, readable: false, writable: true })
  reports.on('error', () => undefined) // An owner that is dead hears nothing.
  const send = (message: GuardMessage): void => {
    if (message.kind === 'lost') guard.lost(message.bytes)
    reports.write(encodeLine(message))
  }
  const lock = adoptLock(LOCK_FD, world.paths.lock, config.lockTool)
  const looks = new Looks(() => Math.min(REST_SECONDS, config.known.heartbeat.interval))
  let isLettingGo = false
  const whenFinished = (): void => {
    if (isLettingGo) exit(recorder)
  }
  const recorder = startRecorder(config, {
    report: send,
    onFinished: whenFinished,
    mayOpen: () => isLettingGo || lock.loss() === null,
    // A worker that prints may have asked for something.
    onTaken: () => looks.stir(),
  })
  const reference = selfReference(world)
  const beatingWorld = ({ iteration }: LockRecord): BeatingWorld => ({
    paths: world.paths,
    lock,
    inspector: world.inspector,
    looks,
    addEvent(event, record) {
      world.addHistory(lock, event)
      const now = { epoch: event.epoch, monotonic: world.clock.monotonic() }
      const parts = noticeOfEvent(event, record, now)
      if (parts !== null) tell(config, record, parts, () => send({ kind: 'notify-failed' }))
    },
    hung: (cause) => send({ kind: 'hung', iteration: iteration.number, cause }),
    onSeen: (watched, { isHung, asks }) =>
      world.pane.show(watched, { state: isHung ? 'hung' : 'active', attention: asks }),
  })
  const guard: Guard = new Guard({
    send,
    startBeating: (record) => startBeating({ ...record, refresher: reference }, beatingWorld(record)),
    async endDeadRun(watched) {
      recorder?.hide()
      try {
        if (await endRunOfDeadOwner(world, config, watched, lock)) {
          otherLocksRelease(config)()
          lock.release()
        }
        await keepOutput()
        if (recorder?.isFinished === false) handOn(config, recorder)
        await world.pane.settle(PANE_STATE_SECONDS)
      } finally {
        exit(recorder)
      }
    },
    async endWorker(watched) {
      await endWorker(world, watched, Math.min(watched.options.grace, ORPHAN_GRACE_SECONDS))
    },
    letGo() {
      isLettingGo = true
      looks.stop()
      for (const fd of [LOCK_FD, ...otherLockFds(config)]) closeSync(fd)
      world.pane.remove()
      if (recorder === null || recorder.isFinished) {
        void world.pane.settle(PANE_STATE_END_SECONDS).then(() => exit(recorder))
        return
      }
      recorder.letGoOfDisplays()
      setTimeout(() => endPanes(config), PANE_LEFT_SECONDS * 1000).unref()
    },
  })
  const runDir = world.paths.run(config.generation)
  looks.add(() => {
    recorder?.reopenRemoved()
    const isLockLost = lock.loss() !== null
    if (isLockLost || !existsSync(runDir)) {
      send({ kind: 'gone' })
      looks.stir()
    }
    if (isLockLost) void guard.withoutLock()
  })
  send({ kind: 'ready', reference })
  return guard
}

/** For a guard that had to end: no lock, no owner, only output. */
const startRecordingOnly = (config: GuardConfig): void => {
  const recorder = startRecorder(config, { onFinished: () => exit(recorder) })
}

const startWatchdog = async (config: GuardConfig): Promise<void> => {
  process.title = `session-lock watchdog ${config.session}`
  let recorder: Recorder | null = null
  const world: GuardWorld = {
    ...(await guardWorld(config)),
    keepOutput: () => finishRecording(world, config, recorder),
  }
  const hidden = config.recording.streams.map(({ pane }) => ({ pane, show: null }))
  const guardPid = Number(process.env[WATCHDOG_GUARD_VARIABLE]) || null
  const releaseOtherLocks = otherLocksRelease(config)
  await runOrphanMode(world, { ...config, guardPid, releaseOtherLocks }, ({ iteration }) => {
    const recording = { ...config.recording, iteration: iteration.number, streams: hidden }
    recorder = startRecorder({ ...config, recording })
  })
  releaseOtherLocks()
  const own = recorder as Recorder | null
  await finishRecording(world, config, own)
  // What an earlier iteration left in the background may write for as long as it lives.
  if (own?.isFinished === false) handOn(config, own)
  await world.pane.settle(PANE_STATE_SECONDS)
  exit(own)
}

/** @returns its exit code */
const startSentinel = async (config: GuardConfig): Promise<number> => {
  process.title = `session-lock sentinel ${config.session}`
  // It holds no end of the worker's output.
  const world: GuardWorld = { ...(await guardWorld(config)), keepOutput: async () => undefined }
  await standBy(world, config.known, adoptLock(LOCK_FD, world.paths.lock, config.lockTool))
  await world.pane.settle(PANE_STATE_SECONDS)
  return 0
}

const listen = (): void => {
  let guard: Promise<Guard> | undefined
  let isRecordingOnly = false
  let handling: Promise<unknown> = Promise.resolve()
  /** One after the other, and none before the guard is there. */
  const inTurn = (act: (guard: Guard) => unknown): void => {
    const isThere = guard
    handling = handling
      .then(async () => (isThere === undefined ? undefined : act(await isThere)))
      .catch(() => undefined)
  }
  readLines(
    openReader(0),
    (line) => {
      if (guard !== undefined) return inTurn((it) => it.handle(parseLine<OwnerMessage>(line)))
      const config = parseLine<GuardConfig>(line)
      process.title = `session-lock guard ${config.session}`
      isRecordingOnly = config.recordsOnly
      if (isRecordingOnly) startRecordingOnly(config)
      else guard = startGuard(config)
    },
    () => {
      if (guard !== undefined) inTurn((it) => it.inputEnded())
      else if (!isRecordingOnly) process.exit(0)
    },
  )
}

// What ends a worker or a terminal is no reason to leave the owner alone; only the owner decides.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

/** Taken out of the environment: what this process starts runs the same script, and would take the variable for its own. */
const takeVariable = (name: string): string | undefined => {
  const value = process.env[name]
  delete process.env[name]
  return value
}

const ofWatchdog = takeVariable(WATCHDOG_CONFIG_VARIABLE)
const ofNotifier = takeVariable(NOTICE_VARIABLE)
const ofSentinel = takeVariable(SENTINEL_VARIABLE)
if (ofNotifier !== undefined)
  void tellNotice(parseLine<NoticeRequest>(ofNotifier)).then(process.exit, () => process.exit(1))
else if (ofSentinel !== undefined)
  void startSentinel(parseLine<GuardConfig>(ofSentinel)).then(process.exit, () => process.exit(1))
else if (ofWatchdog === undefined) listen()
else void startWatchdog(parseLine<GuardConfig>(ofWatchdog)).catch(() => process.exit(1))
