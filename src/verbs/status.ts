/** Every text that comes from a record goes through `printable`. */
import { type Cell, type Terminal, table, truncate } from '../cli/terminal.ts'
import { JSON_OPTION, optionalNameOf, print, printJson, stdout, type Verb } from '../cli/verb.ts'
import { printable } from '../core/printable.ts'
import { sessionReport } from '../core/report.ts'
import { STATUS_EXIT_CODES, type State } from '../core/verdict.ts'
import { momentOf, openSession } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { listSessions } from '../store/read-record.ts'
import type { World } from '../world.ts'
import { ago, iterationOfTotal, STATE_STYLES } from './shared/session-words.ts'

/** What cannot go on by itself comes first. */
const ORDER: Readonly<Record<State, number>> = { hung: 0, dead: 1, unknown: 2, active: 3, free: 4 }

/** Before everything else what asks for a person. */
const rank = ({ attention, verdict }: Snapshot): number => (attention === null ? ORDER[verdict.state] : -1)

const statusOf = (world: World, session: string): Snapshot => {
  checkLockDir(world.lockDir)
  return openSession(world, session).snapshot()
}

const statusOfAll = (world: World): readonly Snapshot[] => {
  if (!checkLockDir(world.lockDir)) return []
  const moment = momentOf(world)
  return listSessions(world.lockDir)
    .map((session) => openSession(world, session).snapshot(moment))
    .sort((a, b) => rank(a) - rank(b))
}

/** What ended longer ago is of interest only to who asks for it. */
const SHOWN_SECONDS = 86_400

const isRecent = ({ record, verdict, moment }: Snapshot): boolean =>
  verdict.state !== 'free' || record?.ended == null || moment.now.epoch - record.ended.epoch <= SHOWN_SECONDS

const printTable = (world: World, snapshots: readonly Snapshot[], all: boolean): void => {
  const shown = all ? snapshots : snapshots.filter(isRecent)
  const hidden = snapshots.length - shown.length
  if (shown.length > 0) print(renderStatus(shown, stdout(world)))
  if (hidden > 0) {
    const sessions = hidden === 1 ? 'session that ended' : 'sessions that ended'
    world.notify(
      `${hidden} ${sessions} more than a day ago ${hidden === 1 ? 'is' : 'are'} not shown; lock.sh status --all`,
    )
  }
  if (snapshots.length === 0)
    world.notify(`no sessions in ${world.lockDir} yet; engine.sh run NAME -- COMMAND starts one`)
}

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

export const verb: Verb = {
  describe: 'show the state of one or all sessions',
  positionals: ['[NAME]'],
  options: {
    json: JSON_OPTION,
    all: { type: 'boolean', describe: 'also sessions that ended more than a day ago (always in JSON)' },
  },
  examples: [
    ['lock.sh status', 'all sessions, hung and dead ones first'],
    ['lock.sh status demo', 'exit code: 0 active, 1 dead, 2 hung, 3 free, 4 unknown'],
  ],
  run: (world, args) => {
    const name = optionalNameOf(args)
    if (name !== undefined) {
      const snapshot = statusOf(world, name)
      if (args.flag('json')) printJson(sessionReport(snapshot))
      else print(renderStatus([snapshot], stdout(world)))
      return STATUS_EXIT_CODES[snapshot.verdict.state]
    }
    const snapshots = statusOfAll(world)
    if (args.flag('json')) printJson(snapshots.map(sessionReport))
    else printTable(world, snapshots, args.flag('all'))
    return 0
  },
}
