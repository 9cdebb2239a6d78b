import type { Arguments } from '../cli/parse.ts'
import { type Cell, type Terminal, table } from '../cli/terminal.ts'
import { JSON_OPTION, optionalNameOf, print, printJson, type Self, stdout, type Verb } from '../cli/verb.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { sessionReport } from '../core/report.ts'
import { describeWant, ordinal, sessionWant, type Ticket } from '../core/ticket.ts'
import { STATUS_EXIT_CODES } from '../core/verdict.ts'
import { eachSnapshot } from '../session/all-sessions.ts'
import { openSession } from '../session/session.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { type InLine, waitersOf, whoWaits } from '../session/who-waits.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'
import { ago } from './shared/session-words.ts'
import { byUrgency, printTable, renderStatus } from './shared/status-table.ts'

const statusOf = (world: World, session: string): Snapshot => {
  checkLockDir(world.lockDir)
  return openSession(world, session).snapshot()
}

/** Also those that have never run, and wait to begin. */
const statusOfAll = (world: World, waiting: readonly InLine[]): Iterable<Snapshot> =>
  eachSnapshot(
    world,
    waiting.map(({ ticket }) => ticket.session),
  )

/** In JSON: the runs of this session that wait to begin. */
const waitingOf = (waiting: readonly InLine[], session: string) =>
  waitersOf(waiting, session).map(({ ticket, turn }) => ({
    pid: ticket.waiter.pid,
    since_epoch: ticket.since_epoch,
    for: ticket.wants.map(describeWant),
    turn,
  }))

export const renderWaiting = (waiting: readonly InLine[], now: number, terminal: Terminal): string =>
  table(
    ['WAITING', 'FOR', 'TURN', 'SINCE', 'PROCESS'],
    waiting.map(({ ticket, turn, before }): readonly Cell[] => [
      { text: ticket.session },
      { text: printable(ticket.wants.map(describeWant).join(', ')) },
      { text: ordinal(turn) },
      { text: ago(Math.max(0, now - ticket.since_epoch)) },
      {
        text: `pid ${ticket.waiter.pid}${before === null ? '' : `, behind pid ${before.ticket.waiter.pid} (${before.ticket.session})`}`,
      },
    ]),
    terminal,
  )

const FORMATS = ['tmux', 'prometheus'] as const
type Format = (typeof FORMATS)[number]

/** @throws LockError `usage` */
const formatOf = (args: Arguments): Format | 'json' | 'table' => {
  const text = args.value('format')
  if (text === undefined) return args.flag('json') ? 'json' : 'table'
  if (args.flag('json')) throw errors.usage('--json and --format exclude each other')
  const format = FORMATS.find((one) => one === text)
  if (format !== undefined) return format
  throw errors.usage(`--format is one of ${FORMATS.join(', ')}, not ${JSON.stringify(printable(text))}`)
}

const printFormat = async (world: World, format: Format, snapshots: Iterable<Snapshot>): Promise<void> => {
  if (format === 'prometheus') {
    const { prometheusText } = await import('../core/prometheus.ts')
    return print(prometheusText(byUrgency([...snapshots])))
  }
  const { statusSegment } = await import('../core/status-segment.ts')
  const segment = statusSegment(snapshots, world.now())
  if (segment !== '') print(`${segment}\n`)
}

/** Of one session: who waits with it, and who waits for it. */
const concerns = ({ session, wants }: Ticket, name: string | undefined): boolean =>
  name === undefined || session === name || wants.includes(sessionWant(name))

const startedWatch = async (world: World, args: Arguments, self: Self): Promise<number> => {
  if (args.positionals.length > 0 || args.value('format') !== undefined)
    throw errors.usage('--watch shows all sessions, and has no --format', 'lock.sh watch --help')
  const { startWatch } = await import('./shared/start-watch.ts')
  return startWatch(world, self, { isJson: args.flag('json'), client: undefined })
}

export const verb: Verb = {
  describe: 'show the state of one or all sessions',
  positionals: ['[NAME]'],
  options: {
    json: JSON_OPTION,
    format: {
      type: 'string',
      value: FORMATS.join('|'),
      describe: 'print a short text for a status line, or metrics for a node exporter',
    },
    watch: { type: 'boolean', describe: 'as lock.sh watch' },
    all: {
      type: 'boolean',
      describe: 'also sessions that ended more than a day ago (always in JSON and metrics)',
    },
  },
  examples: [
    ['lock.sh status', 'all sessions, hung and dead ones first'],
    ['lock.sh status demo', 'exit code: 0 active, 1 dead, 2 hung, 3 free, 4 unknown'],
    ['lock.sh status --format tmux', 'as 2● 1◌ docs 12m: 2 active, 1 hung, and docs since 12 minutes'],
  ],
  run: async (world, args, self) => {
    if (args.flag('watch')) return startedWatch(world, args, self)
    const format = formatOf(args)
    const name = optionalNameOf(args)
    const waiting = whoWaits(world)
    const one = name === undefined ? null : statusOf(world, name)
    const snapshots = one === null ? statusOfAll(world, waiting) : [one]
    if (format === 'json') {
      const reports = byUrgency([...snapshots]).map((snapshot) => ({
        ...sessionReport(snapshot),
        waiting: waitingOf(waiting, snapshot.session),
      }))
      printJson(one === null ? reports : reports[0])
    } else if (format !== 'table') await printFormat(world, format, snapshots)
    else if (one === null) printTable(world, snapshots, { isAll: args.flag('all'), terminal: stdout(world) })
    else print(renderStatus([one], stdout(world)))
    const shown = waiting.filter(({ ticket }) => concerns(ticket, name))
    if (format === 'table' && shown.length > 0)
      print(`\n${renderWaiting(shown, world.now().epoch, stdout(world))}`)
    return one === null ? 0 : STATUS_EXIT_CODES[one.verdict.state]
  },
}
