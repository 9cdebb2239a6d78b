import { join } from 'node:path'

/** Where a session's files are; see docs/FORMAT.md. */
export type SessionPaths = {
  readonly lock: string
  readonly record: string
  /** What its runs left. */
  readonly home: string
  readonly request: string
  readonly runs: string
  readonly incidents: string
  readonly history: string
  /** The directory of one run. */
  run(generation: number): string
  /** The notes that the worker of a run has left with `lock.sh progress`. */
  notes(generation: number): string
  /** A line for each command of `--notify` that has failed. */
  notifyLog(generation: number): string
  /** The FIFO behind `tmux pipe-pane`; there only while a run is. */
  panePipe(generation: number): string
}

/** @param dir absolute @param name a session name, which has no separators in it */
export const sessionPaths = (dir: string, name: string): SessionPaths => {
  const home = `${dir}/${name}`
  return {
    lock: `${home}.lock`,
    record: `${home}.json`,
    home,
    request: `${home}/request.json`,
    runs: `${home}/runs`,
    incidents: `${home}/incidents`,
    history: `${home}/history.jsonl`,
    run: (generation) => `${home}/runs/${generation}`,
    notes: (generation) => `${home}/runs/${generation}/notes.jsonl`,
    notifyLog: (generation) => `${home}/runs/${generation}/notify.log`,
    panePipe: (generation) => `${home}/runs/${generation}/pane.fifo`,
  }
}

/**
 * The result may be relative when the person set it so, and is used as given.
 *
 * @param home asked only when it is needed; what it throws comes through
 */
export const lockDirOf = (
  environment: Readonly<Record<string, string | undefined>>,
  home: () => string,
): string => {
  if (environment.LOCK_DIR) return environment.LOCK_DIR
  // The XDG specification has relative paths ignored.
  const state = environment.XDG_STATE_HOME?.startsWith('/')
    ? environment.XDG_STATE_HOME
    : join(home(), '.local', 'state')
  return join(state, 'tmux-session-lock')
}
