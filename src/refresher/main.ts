/**
 * The refresher: one for each iteration that lasts a moment. Started by the owner with {@link RefresherConfig}.
 *
 * It beats while its owner is well and the worker shows progress. When the owner dies it ends the worker, writes
 * `ended: owner-died`, unlocks and exits. It holds a copy of the lock's descriptor all that time, so nobody else
 * can have claimed the session, and its writes cannot come late.
 */
import { createInterface } from 'node:readline'
import { ORPHAN_GRACE_SECONDS } from '../core/defaults.ts'
import type { HistoryEntry } from '../core/history.ts'
import { livenessOf } from '../core/identity.ts'
import { interruptedEntry } from '../core/interrupted-iteration.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { removeCgroup } from '../process/cgroup.ts'
import { systemClock, timerMilliseconds } from '../process/clock.ts'
import { endWorker } from '../process/end-worker.ts'
import { systemInspector } from '../process/inspector.ts'
import { nothingReceived, socketReceived } from '../process/received.ts'
import { sendSignal } from '../process/signals.ts'
import { procfsActivity, psActivity } from '../process/tree-activity.ts'
import { appendHistory } from '../store/history.ts'
import { adoptLock } from '../store/kernel-lock.ts'
import { sessionPaths } from '../store/paths.ts'
import { writeRecord } from '../store/write-record.ts'
import { createActivityMonitor } from './activity-monitor.ts'
import { createDescendantTracker } from './descendants.ts'
import { Heartbeat } from './heartbeat.ts'
import { NotesTail } from './notes.ts'
import { OutputTail } from './output-tail.ts'
import { withPeriodicGc } from './periodic-gc.ts'
import { LOCK_FD, PING, parseLost, type RefresherConfig, STOP } from './protocol.ts'

/** The kernel closes a dying process's files a moment before it counts as dead. */
const OWNER_DEATH_SECONDS = 1

/** A daemon that is born and loses its parents between two samples is missed. */
const DESCENDANTS_SECONDS = 1

type Refresher = { readonly heartbeat: Heartbeat; readonly ownerDied: () => Promise<void> }

const refresh = async (config: RefresherConfig): Promise<Refresher> => {
  const clock = systemClock
  const inspector = await systemInspector(process.platform, config.forcedProcessStrategy ?? undefined)
  const paths = sessionPaths(config.lockDir, config.record.session)

  const self = inspector.snapshot().inspect(process.pid)
  const refresher: ProcessReference | null =
    self.kind === 'process' ? { pid: process.pid, pid_started: self.facts.started } : null
  const first: LockRecord = { ...config.record, refresher }
  const descendants = createDescendantTracker(first, inspector)
  const run = paths.run(first.generation)
  const addHistory = (entry: HistoryEntry): void => {
    try {
      appendHistory(paths, entry)
    } catch {
      // There is no one to report it to; the record says the same until the next run.
    }
  }
  const monitor = createActivityMonitor(first, {
    output: new OutputTail(run, first.iteration.number),
    notes: new NotesTail(paths.notes(first.generation), first.iteration.number),
    activity: inspector.hasProcfs ? procfsActivity() : psActivity(),
    received: inspector.hasProcfs ? socketReceived() : nothingReceived,
    clock,
  })
  const heartbeat = new Heartbeat(
    {
      clock,
      monitor,
      snapshot: () => inspector.snapshot(),
      descendants: (view) => descendants.sample(view),
      write: (record) => writeRecord(paths.record, record, false),
      addHistory,
    },
    first,
  )
  const tick = withPeriodicGc(() => heartbeat.tick())
  tick()
  const interval = first.heartbeat.interval
  const timers = [
    setInterval(tick, timerMilliseconds(interval)),
    // A tick samples them too. Where a snapshot has to start a process, children cannot be listed.
    ...(interval > DESCENDANTS_SECONDS
      ? [setInterval(() => descendants.sample(), DESCENDANTS_SECONDS * 1000)]
      : []),
  ]

  const ownerDied = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer)
    const deadline = clock.monotonic() + OWNER_DEATH_SECONDS
    const { owner } = first
    while (livenessOf(inspector.snapshot(), owner, owner.started_clock, inspector).kind !== 'gone') {
      // It lives and does not want us any more; it starts another when it needs one.
      if (clock.monotonic() > deadline) return
      await clock.sleep(0.005)
    }
    const record = { ...heartbeat.record, members: descendants.sample() }
    const { startClock, startTolerance, bootId, pidNamespace } = inspector
    const observer = { startClock, startTolerance, bootId, pidNamespace, host: config.host }
    const grace = Math.min(record.options.grace, ORPHAN_GRACE_SECONDS)
    const { survivors } = await endWorker({ inspector, observer, signal: sendSignal, clock }, record, grace)
    // Without the end written, the next claim searches for them too, and refuses if they cannot be ended.
    if (survivors.length > 0) return
    removeCgroup(record.cgroup)
    const epoch = clock.epoch()
    const interrupted = interruptedEntry(
      record,
      epoch,
      new OutputTail(run, record.iteration.number).read().total,
    )
    if (interrupted !== null) addHistory(interrupted)
    const ended = { epoch, reason: 'owner-died', exit_code: null } as const
    writeRecord(paths.record, { ...record, phase: 'ended', ended }, true)
    adoptLock(LOCK_FD, config.lockTool).release()
  }
  return { heartbeat, ownerDied }
}

// What ends a worker or a terminal is no reason to leave the owner alone; only the owner decides.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

let refreshing: Promise<Refresher> | undefined
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  if (line === STOP) {
    void (refreshing ?? Promise.resolve(null))
      .then((refresher) => refresher?.heartbeat.stop())
      .finally(() => process.exit(0))
    return
  }
  const lost = parseLost(line)
  if (line === PING) void refreshing?.then(({ heartbeat }) => heartbeat.ping())
  else if (lost !== null) void refreshing?.then(({ heartbeat }) => heartbeat.lost(lost))
  else refreshing ??= refresh(JSON.parse(line) as RefresherConfig)
})
input.on('close', () => {
  void (refreshing ?? Promise.resolve(null))
    .then((refresher) => refresher?.ownerDied())
    .finally(() => process.exit(0))
})
