import type { LockRecord } from '../core/record.ts'
import type { LockTool } from '../store/lock-tool.ts'

/**
 * What the owner tells its refresher, in lines on the refresher's standard input: this configuration as JSON, then a
 * {@link PING} every `heartbeat_interval`, {@link lostLine} when output could not be written, and in the end
 * {@link STOP}. The end of the input without a stop means that the owner has died: the kernel closed its end.
 * The lock's descriptor is the refresher's fd 3.
 */
export type RefresherConfig = {
  readonly lockDir: string
  /** The owner's last write, from which the refresher continues. */
  readonly record: LockRecord
  readonly lockTool: LockTool
  readonly forcedProcessStrategy: string | null
  readonly host: string
}

export const LOCK_FD = 3
export const STOP = 'stop'
/** An owner that is stopped, or caught in a loop, sends none, so no process has to be inspected for that. */
export const PING = 'ping'
/** After this many intervals without a ping the owner counts as stopped. */
export const PING_TIMEOUT_INTERVALS = 2

/** @param bytes of this run, so far */
export const lostLine = (bytes: number): string => `lost ${bytes}`
/** `null` for any other line. */
export const parseLost = (line: string): number | null =>
  /^lost \d{1,15}$/.test(line) ? Number(line.slice('lost '.length)) : null
