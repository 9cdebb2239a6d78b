/** What a recorder is told, and what it reports. */
export type RecorderConfig = {
  /** Of the run's output. */
  readonly dir: string
  /** The one that what comes first belongs to. */
  readonly iteration: number
  /** See core/stream-markers.ts. */
  readonly secret: string
  readonly logLimit: number
  /** Bytes of this run that could not be written before. */
  readonly lost: number
  readonly streams: readonly {
    /** Where else to write what it reads. */
    readonly show: 1 | 2 | null
    /** The FIFO's path when it comes through tmux, which goes on sending when the owner is dead; else `null`. */
    readonly pane: string | null
  }[]
}

export type RecorderReport =
  /** All that comes now belongs to this iteration. */
  | { readonly kind: 'begun'; readonly iteration: number }
  /** All that an iteration has printed is on the disk, or counted as lost. */
  | { readonly kind: 'ended'; readonly iteration: number; readonly bytes: number; readonly lost: number }
  /** Bytes of this run that could not be written, so far; `reason` is the system's code. */
  | { readonly kind: 'lost'; readonly bytes: number; readonly reason: string }
  /** Nobody reads the owner's standard output or error any more, or it cannot be written. */
  | { readonly kind: 'not-shown'; readonly fd: number; readonly reason: string }
