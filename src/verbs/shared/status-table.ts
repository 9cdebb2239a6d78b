/** The table of sessions. Every text that comes from a record goes through `printable`. */
import { type Cell, type Terminal, table, truncate } from '../../cli/terminal.ts'
import { print } from '../../cli/verb.ts'
import { printable } from '../../core/printable.ts'
import { urgency } from '../../core/urgency.ts'
import type { Snapshot } from '../../session/snapshot.ts'
import type { World } from '../../world.ts'
import { ago, iterationOfTotal, STATE_STYLES } from './session-words.ts'

/** The most urgent kind first, in each kind as they were. */
export const byUrgency = (snapshots: readonly Snapshot[]): readonly Snapshot[] =>
  snapshots.toSorted((a, b) => urgency(a) - urgency(b))

/** What ended longer ago is of interest only to who asks for it. */
const SHOWN_SECONDS = 86_400

const isRecent = ({ record, verdict, moment }: Snapshot): boolean =>
  verdict.state !== 'free' || record?.ended == null || moment.now.epoch - record.ended.epoch <= SHOWN_SECONDS

type Shown = {
  /** Also those that ended long ago. */
  readonly isAll: boolean
  readonly terminal: Terminal
}

/** The most urgent kind first. */
export const printTable = (world: World, snapshots: Iterable<Snapshot>, { isAll, terminal }: Shown): void => {
  const rows: Row[] = []
  let hidden = 0
  for (const snapshot of snapshots) {
    if (isAll || isRecent(snapshot)) rows.push(rowOf(snapshot, terminal))
    else hidden += 1
  }
  if (rows.length > 0)
    print(
      renderRows(
        rows.sort((a, b) => a.urgency - b.urgency),
        terminal,
      ),
    )
  if (hidden > 0) {
    const sessions = hidden === 1 ? 'session that ended' : 'sessions that ended'
    world.notify(
      `${hidden} ${sessions} more than a day ago ${hidden === 1 ? 'is' : 'are'} not shown; lock.sh status --all`,
    )
  }
  if (rows.length === 0 && hidden === 0)
    world.notify(`no sessions in ${world.lockDir} yet; engine.sh run NAME -- COMMAND starts one`)
}

const NONE: Cell = { text: '-' }

/** Room for the rest of the row; a name is cut before the reason is. */
const NAME_FRACTION = 0.25
const MIN_NAME_WIDTH = 16

/** In a narrower terminal the reason, which would be cut to a word or two, is on a line of its own. */
const MIN_COLUMNS = 80

/** What is shown of a session, and nothing else of it: a list may have ten thousand. */
type Row = {
  readonly urgency: number
  /** The reason last. */
  readonly cells: readonly Cell[]
}

const nameWidthOf = ({ columns }: Terminal): number =>
  Math.max(MIN_NAME_WIDTH, Math.floor(columns * NAME_FRACTION))

const rowOf = (snapshot: Snapshot, terminal: Terminal): Row => {
  const { session, record, verdict } = snapshot
  return {
    urgency: urgency(snapshot),
    cells: [
      { text: truncate(session, nameWidthOf(terminal)) },
      { text: verdict.state, style: STATE_STYLES[verdict.state] },
      record === null ? NONE : { text: String(record.generation) },
      record === null ? NONE : { text: iterationOfTotal(record.iteration) },
      verdict.state === 'free' ? NONE : { text: ago(verdict.heartbeatAge) },
      { text: printable(verdict.reason) },
    ],
  }
}

const HEADER = ['SESSION', 'STATE', 'RUN', 'ITERATION', 'HEARTBEAT', 'REASON']

const renderRows = (rows: readonly Row[], terminal: Terminal): string => {
  const cells = rows.map((row) => row.cells)
  if (terminal.columns >= MIN_COLUMNS) return table(HEADER, cells, terminal)
  const withoutReasons = cells.map((row) => row.slice(0, -1))
  const [titles = '', ...lines] = table(HEADER.slice(0, -1), withoutReasons, terminal).trimEnd().split('\n')
  const below = (row: readonly Cell[] = []): string =>
    `  ${truncate(row.at(-1)?.text ?? '', Math.max(1, terminal.columns - 2))}`
  return [titles, ...lines.flatMap((line, index) => [line, below(cells[index])]), ''].join('\n')
}

export const renderStatus = (snapshots: readonly Snapshot[], terminal: Terminal): string =>
  renderRows(
    snapshots.map((snapshot) => rowOf(snapshot, terminal)),
    terminal,
  )
