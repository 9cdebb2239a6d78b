/** The beats of an iteration that is being watched: the modules of refresher/ with the real world behind them. */
import type { EventEntry } from '../core/history.ts'
import type { ProcessInspector } from '../core/ports.ts'
import type { LockRecord, StallCause } from '../core/record.ts'
import { systemClock } from '../process/clock.ts'
import type { Looks } from '../process/looks.ts'
import { nothingReceived, socketReceived } from '../process/received.ts'
import { terminalSize } from '../process/terminal-size.ts'
import { procfsActivity, psActivity } from '../process/tree-activity.ts'
import { createActivityMonitor } from '../refresher/activity-monitor.ts'
import { createAttentionWatch } from '../refresher/attention-watch.ts'
import { createDescendantTracker } from '../refresher/descendants.ts'
import { Heartbeat, type WorkerState } from '../refresher/heartbeat.ts'
import { NotesTail } from '../refresher/notes.ts'
import { OutputTail } from '../refresher/output-tail.ts'
import { withPeriodicGc } from '../refresher/periodic-gc.ts'
import type { SessionPaths } from '../store/paths.ts'
import { type WriteLock, writeRecord } from '../store/write-record.ts'
import { Pace } from './pace.ts'

export type Beating = {
  ping(): void
  /** @param bytes of this run that could not be written, so far */
  lost(bytes: number): void
  /** No beat comes after this. @returns the record as it was last seen, and not written */
  stop(): LockRecord
}

export type BeatingWorld = {
  readonly paths: SessionPaths
  readonly lock: WriteLock
  readonly inspector: ProcessInspector
  readonly looks: Pick<Looks, 'add' | 'alongside' | 'stayAwake'>
  /** @param record as it is at the event */
  addEvent(event: EventEntry, record: LockRecord): void
  hung(cause: StallCause | null): void
  /** After every look. */
  onSeen(record: LockRecord, seen: WorkerState): void
}

/** @param first the record to go on from, with this process as its refresher */
export const startBeating = (first: LockRecord, world: BeatingWorld): Beating => {
  const { paths, lock, inspector, looks } = world
  const { worker } = first
  const descendants = createDescendantTracker(first, inspector)
  const monitor = createActivityMonitor(first, {
    output: new OutputTail(paths.run(first.generation), first.iteration.number),
    screenSize: () => (worker === null ? null : terminalSize(worker.pid)),
    notes: new NotesTail(paths.notes(first.generation), first.iteration.number),
    activity: inspector.hasProcfs ? procfsActivity() : psActivity(),
    received: inspector.hasProcfs ? socketReceived() : nothingReceived,
    clock: systemClock,
  })
  const heartbeat: Heartbeat = new Heartbeat(
    {
      clock: systemClock,
      monitor,
      attention: createAttentionWatch(first, paths, systemClock),
      snapshot: () => inspector.snapshot(),
      descendants: (view) => descendants.sample(view),
      write: (record) => writeRecord(lock, paths.record, record, false),
      addHistory: (event) => world.addEvent(event, heartbeat.record),
      hung: (cause) => world.hung(cause),
    },
    first,
  )
  const tellSeen = (): void => world.onSeen(first, heartbeat.seen)
  const pace = new Pace(
    withPeriodicGc(() => {
      heartbeat.tick()
      tellSeen()
      looks.alongside()
    }),
    first.heartbeat.interval,
  )
  // A daemon that is born and loses its parents between two looks is not seen; but it is still in the control group.
  const hasGroup = first.cgroup !== null
  const rest = hasGroup ? () => undefined : looks.stayAwake()
  const stopLooks = looks.add(() => {
    if (!hasGroup) descendants.sample()
    pace.look()
    // What is asked of a person is told soon.
    heartbeat.look()
    tellSeen()
  })
  return {
    ping() {
      heartbeat.ping()
      pace.ping()
    },
    lost: (bytes) => heartbeat.lost(bytes),
    stop() {
      stopLooks()
      rest()
      // The owner writes next, which is a beat.
      world.onSeen(first, { isHung: false, asks: null })
      return heartbeat.stop()
    },
  }
}
