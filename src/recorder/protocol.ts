/** What a recorder is told, and what it reports. */
import type { Sighting } from '../core/loop/until-output.ts'

/** What `--until-output` looks for. */
export type UntilOutputConfig = {
  readonly text: string
  /** The worker's, which it may print without meaning it. */
  readonly command: readonly string[]
  /** The absolute path of what it reads from its standard input; `null` when that is no file. */
  readonly stdin: string | null
}

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
  readonly untilOutput: UntilOutputConfig | null
  readonly streams: readonly {
    /** Where else to write what it reads. */
    readonly show: 1 | 2 | null
    /** The FIFO's path when it comes through tmux, which goes on sending when the owner is dead; else `null`. */
    readonly pane: string | null
    /** In base64: bytes that are kept already, and are to be shown before what it reads. */
    readonly unshown?: string
  }[]
}

export type RecorderReport =
  /** All that comes now belongs to this iteration. */
  | { readonly kind: 'begun'; readonly iteration: number }
  /** All that an iteration has printed is on the disk, or counted as lost. */
  | { readonly kind: 'ended'; readonly iteration: number; readonly bytes: number; readonly lost: number }
  /** The worker has printed the line that `--until-output` looks for; comes before its iteration's `ended`. */
  | ({ readonly kind: 'sighting'; readonly iteration: number; readonly isPane: boolean } & Sighting)
  /** Bytes of this run that could not be written, so far; `reason` is the system's code. */
  | { readonly kind: 'lost'; readonly bytes: number; readonly reason: string }
  /** Nobody reads the owner's standard output or error any more, or it cannot be written. */
  | { readonly kind: 'not-shown'; readonly fd: number; readonly reason: string }
