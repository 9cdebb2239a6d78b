/** What a guard and a watchdog share: the world behind their ports, from their configuration. */
import type { HistoryEntry } from '../core/history.ts'
import { type NoticeParts, noticeOf, noticeOfDeath, noticeOfEnd } from '../core/notice.ts'
import type { LockRecord } from '../core/record.ts'
import { systemClock } from '../process/clock.ts'
import { holdersOf } from '../process/holders.ts'
import { systemInspector } from '../process/inspector.ts'
import { runCommand } from '../process/run-command.ts'
import { sendSignal } from '../process/signals.ts'
import { appendHistory } from '../store/history.ts'
import { otherRuns } from '../store/other-runs.ts'
import { sessionPaths } from '../store/paths.ts'
import type { WriteLock } from '../store/write-record.ts'
import type { DeadRunWorld } from './dead-run.ts'
import { restoreLeftTerminal } from './left-terminal.ts'
import { startNotifier } from './notifier.ts'
import { PaneState } from './pane-state.ts'
import type { GuardConfig } from './protocol.ts'

export type GuardWorld = DeadRunWorld & { readonly pane: PaneState }

/** @param onFailure called when the command has failed, while this process lives */
export const tell = (
  { lockDir, processStrategy }: GuardConfig,
  record: LockRecord,
  parts: NoticeParts,
  onFailure: () => void,
): void => {
  const { notify: command } = record.options
  if (command === null) return
  const log = sessionPaths(lockDir, record.session).notifyLog(record.generation)
  const notice = noticeOf(record, lockDir, systemClock.epoch(), parts)
  startNotifier({ command, notice, processStrategy, log }, onFailure)
}

export const guardWorld = async (config: GuardConfig): Promise<Omit<GuardWorld, 'keepOutput'>> => {
  const inspector = await systemInspector(process.platform, config.processStrategy ?? undefined)
  const paths = sessionPaths(config.lockDir, config.session)
  const { startClock, startTolerance, bootId, pidNamespace } = inspector
  const observer = { startClock, startTolerance, bootId, pidNamespace, host: config.host }
  return {
    paths,
    inspector,
    observer,
    hasLockOpen: (pid) => holdersOf(paths.lock, inspector).some((holder) => holder.pid === pid),
    otherRuns: (session) => otherRuns(config.lockDir, observer, session),
    signal: sendSignal,
    clock: systemClock,
    pane: new PaneState({ env: process.env, run: runCommand }, systemClock),
    restoreTerminal: async () => {
      if (config.terminal !== null) await restoreLeftTerminal(config.terminal)
    },
    tellDeath: (record, isWorkerGone) =>
      tell(
        config,
        record,
        record.ended === null || record.ended.reason === 'owner-died'
          ? noticeOfDeath(record, isWorkerGone)
          : noticeOfEnd(record, record.ended),
        () => undefined,
      ),
    addHistory(lock: WriteLock, entry: HistoryEntry) {
      try {
        appendHistory(lock, paths, entry)
      } catch {
        // Nobody to tell; the record says the same until the next run.
      }
    },
  }
}
