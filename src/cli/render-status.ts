/** The table of sessions. Every text that comes from a record goes through `printable`. */
import { formatDuration } from '../core/duration.ts'
import { printable } from '../core/printable.ts'
import type { Position } from '../core/record.ts'
import type { State } from '../core/verdict.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { type Cell, type Style, type Terminal, table, truncate } from './terminal.ts'

export const STATE_STYLES: Readonly<Record<State, Style>> = {
  hung: 'red',
  dead: 'red',
  unknown: 'yellow',
  active: 'green',
  free: 'dim',
}

export const ago = (seconds: number | null): string => (seconds === null ? '-' : formatDuration(seconds))

export const iterationOfTotal = ({ number, total }: Position): string => `${number}/${total ?? '∞'}`

const NONE: Cell = { text: '-' }

/** Room for the rest of the row; a name is cut before the reason is. */
const NAME_FRACTION = 0.25
const MIN_NAME_WIDTH = 16

export const renderStatus = (snapshots: readonly Snapshot[], terminal: Terminal): string => {
  const nameWidth = Math.max(MIN_NAME_WIDTH, Math.floor(terminal.columns * NAME_FRACTION))
  return table(
    ['SESSION', 'STATE', 'RUN', 'ITERATION', 'HEARTBEAT', 'REASON'],
    snapshots.map(({ session, stored, verdict }): readonly Cell[] => {
      const record = stored.kind === 'record' ? stored.record : null
      return [
        { text: truncate(session, nameWidth) },
        { text: verdict.state, style: STATE_STYLES[verdict.state] },
        record === null ? NONE : { text: String(record.generation) },
        record === null ? NONE : { text: iterationOfTotal(record.iteration) },
        verdict.state === 'free' ? NONE : { text: ago(verdict.heartbeatAge) },
        { text: printable(verdict.reason) },
      ]
    }),
    terminal,
  )
}
