/**
 * The refresher: one for each iteration that lasts a moment. Started by the owner with {@link RefresherOrders}.
 *
 * It beats while its owner is well and the worker shows progress. When the owner dies it ends the worker, writes
 * `ended: owner-died`, unlocks and exits. It holds a copy of the lock's descriptor all that time, so nobody else
 * can have claimed the session, and its writes cannot come late.
 */
import { createInterface } from 'node:readline'
import { cutOffEntry } from '../core/cut-off.ts'
import { ORPHAN_GRACE_SECONDS } from '../core/defaults.ts'
import type { HistoryEntry } from '../core/history.ts'
import { livenessOf } from '../core/identity.ts'
import type { LockRecord, ProcessReference } from '../core/record.ts'
import { removeCgroup } from '../process/cgroup.ts'
import { systemClock, timerMilliseconds } from '../process/clock.ts'
import { endWorker } from '../process/end-worker.ts'
import { systemInspector } from '../process/inspector.ts'
import { sendSignal } from '../process/signals.ts'
import { procfsActivity, psActivity } from '../process/tree-activity.ts'
import { appendHistory } from '../store/history.ts'
import { adoptLock } from '../store/kernel-lock.ts'
import { sessionPaths } from '../store/paths.ts'
import { writeRecord } from '../store/write-record.ts'
import { tidily } from './garbage.ts'
import { Heart } from './heart.ts'
import { memberWatch } from './members.ts'
import { NotesTail } from './notes.ts'
import { LOCK_FD, PING, parseLost, type RefresherOrders, STOP_ORDER } from './orders.ts'
import { OutputTail } from './output-tail.ts'
import { evidenceWatch } from './watch.ts'

/** The kernel closes a dying process's files a moment before it counts as dead. */
const OWNER_DEATH_SECONDS = 1

/** A daemon that is born and loses its parents between two looks is not seen. */
const MEMBERS_SECONDS = 1

type Refresher = { readonly heart: Heart; readonly ownerDied: () => Promise<void> }

const refresh = async (orders: RefresherOrders): Promise<Refresher> => {
  const clock = systemClock
  const inspector = await systemInspector(process.platform, orders.forcedProcessStrategy ?? undefined)
  const paths = sessionPaths(orders.lockDir, orders.record.session)

  const self = inspector.look().inspect(process.pid)
  const refresher: ProcessReference | null =
    self.kind === 'process' ? { pid: process.pid, pid_started: self.facts.started } : null
  const first: LockRecord = { ...orders.record, refresher }
  const members = memberWatch(first, inspector)
  const run = paths.run(first.generation)
  const remember = (entry: HistoryEntry): void => {
    try {
      appendHistory(paths, entry)
    } catch {
      // Nobody to tell; the record says the same until the next run.
    }
  }
  const watch = evidenceWatch(first, {
    output: new OutputTail(run, first.iteration),
    notes: new NotesTail(paths.notes(first.generation), first.iteration),
    activity: inspector.startClock === 'boot-ticks' ? procfsActivity() : psActivity(),
    clock,
  })
  const heart = new Heart(
    {
      clock,
      watch,
      look: () => inspector.look(),
      members: (view) => members.sample(view),
      write: (record) => writeRecord(paths.record, record, false),
      remember,
    },
    first,
  )
  const tick = tidily(() => heart.tick())
  tick()
  const interval = first.heartbeat_interval
  const timers = [
    setInterval(tick, timerMilliseconds(interval)),
    // A tick looks for them too. Where a look starts a process there is nothing to see.
    ...(interval > MEMBERS_SECONDS ? [setInterval(() => members.sample(), MEMBERS_SECONDS * 1000)] : []),
  ]

  const ownerDied = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer)
    const deadline = clock.monotonic() + OWNER_DEATH_SECONDS
    while (livenessOf(inspector.look(), first, first.pid_started_clock, inspector).kind !== 'gone') {
      // It lives and does not want us any more; it starts another when it needs one.
      if (clock.monotonic() > deadline) return
      await clock.sleep(0.005)
    }
    const record = { ...heart.record, members: members.sample() }
    const { startClock, startTolerance, bootId, pidNamespace } = inspector
    const observer = { startClock, startTolerance, bootId, pidNamespace, host: orders.host }
    const grace = Math.min(record.options.grace, ORPHAN_GRACE_SECONDS)
    const { survivors } = await endWorker({ inspector, observer, signal: sendSignal, clock }, record, grace)
    // Without the end written, whoever claims next looks for them too, and refuses if they cannot be ended.
    if (survivors.length > 0) return
    removeCgroup(record.cgroup)
    const epoch = clock.epoch()
    const cutOff = cutOffEntry(record, epoch, new OutputTail(run, record.iteration).read().total)
    if (cutOff !== null) remember(cutOff)
    const ended = { epoch, reason: 'owner-died', exit_code: null } as const
    writeRecord(paths.record, { ...record, phase: 'ended', ended }, true)
    adoptLock(LOCK_FD, orders.lockTool).release()
  }
  return { heart, ownerDied }
}

// What ends a worker or a terminal is no reason to leave the owner alone; only the owner decides.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

let refreshing: Promise<Refresher> | undefined
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  if (line === STOP_ORDER) {
    void (refreshing ?? Promise.resolve(null))
      .then((refresher) => refresher?.heart.stop())
      .finally(() => process.exit(0))
    return
  }
  const lost = parseLost(line)
  if (line === PING) void refreshing?.then(({ heart }) => heart.ping())
  else if (lost !== null) void refreshing?.then(({ heart }) => heart.lost(lost))
  else refreshing ??= refresh(JSON.parse(line) as RefresherOrders)
})
input.on('close', () => {
  void (refreshing ?? Promise.resolve(null))
    .then((refresher) => refresher?.ownerDied())
    .finally(() => process.exit(0))
})
