/**
 * A run that is a service of systemd (`Type=notify`): says when it runs and when it stops, and feeds the watchdog of
 * `WatchdogSec=` as long as the heartbeat moves. A session that hangs is then ended by systemd, as a service that does not
 * answer.
 *
 * The heartbeat is read from the record, as `status` does: the guard writes it, and an engine that is stopped feeds nothing.
 */
import { isBeating, serviceStatus } from '../core/service-status.ts'
import { timerMilliseconds } from '../process/clock.ts'
import { tellManager } from '../process/service-manager.ts'
import type { World } from '../world.ts'
import type { Owner } from './owner.ts'
import type { StopRequests } from './stop-request.ts'

/** In the time after which the watchdog bites; sd_watchdog_enabled(3) recommends two. */
const LOOKS_PER_WATCHDOG = 3

type Service = {
  readonly world: World
  readonly owner: Pick<Owner, 'record' | 'newest'>
  readonly stopRequests: Pick<StopRequests, 'terminate'>
}

/** The session is held. @returns to be called when the run has ended; does nothing where there is no service manager */
export const startService = ({ world, owner, stopRequests }: Service): (() => void) => {
  const manager = world.self.serviceManager
  if (manager === null) return () => undefined
  let status = ''
  const tell = (first: readonly string[]): void => {
    const record = owner.newest
    const now = world.now()
    const before = status
    status = serviceStatus(record)
    const lines = [
      ...first,
      ...(status === before ? [] : [`STATUS=${status}`]),
      ...(manager.watchdogSeconds !== null && isBeating(record, now) ? ['WATCHDOG=1'] : []),
    ]
    if (lines.length > 0) tellManager(manager, lines)
  }
  const { interval } = owner.record.heartbeat
  const watchdog = manager.watchdogSeconds ?? Number.POSITIVE_INFINITY
  tell(['READY=1'])
  const looks = setInterval(
    () => tell([]),
    timerMilliseconds(Math.min(interval, watchdog / LOOKS_PER_WATCHDOG)),
  )
  const stop = (): void => tell(['STOPPING=1'])
  const { signal } = stopRequests.terminate
  signal.addEventListener('abort', stop, { once: true })
  return () => {
    clearInterval(looks)
    signal.removeEventListener('abort', stop)
    // Not twice: what was asked to stop has said so.
    tell(signal.aborted ? [] : ['STOPPING=1'])
  }
}
