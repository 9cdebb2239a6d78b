/** Every text that comes from a record goes through `printable`. */
import { type Terminal, table, truncate, wrapWords } from '../cli/terminal.ts'
import { JSON_OPTION, nameOf, print, printJson, stdout, type Verb } from '../cli/verb.ts'
import { formatDuration } from '../core/duration.ts'
import { ruleText } from '../core/loop/texts.ts'
import type { ProgressNote } from '../core/note.ts'
import { printable, shellQuote } from '../core/printable.ts'
import { formatSize } from '../core/size.ts'
import type { Now } from '../core/verdict.ts'
import { type Diagnosis, diagnose, diagnosisReport, type Part, type SourceRow } from '../session/diagnosis.ts'
import { openSession } from '../session/session.ts'
import { checkLockDir } from '../store/lock-dir.ts'
import { ago, iterationOfTotal, STATE_STYLES } from './shared/session-words.ts'

const partLine = (part: Part | null): string =>
  part === null ? 'none' : `pid ${part.pid}, ${printable(part.state)}`

const LABEL_WIDTH = 11

const tree = (rows: Diagnosis['tree'], terminal: Terminal): string =>
  table(
    ['PID', 'PARENT', 'STATE', 'NOW', 'CPU', 'AGE', 'COMMAND'],
    rows.map((row) => [
      { text: String(row.pid) },
      { text: String(row.parent) },
      { text: row.state },
      { text: row.cpu_percent === null ? '-' : `${row.cpu_percent} %` },
      { text: ago(row.cpu_seconds) },
      { text: ago(row.age_seconds) },
      { text: shellQuote(row.command) },
    ]),
    { ...terminal, columns: terminal.columns - 2 },
  ).replaceAll(/^(?=.)/gm, '  ')

const SOURCE_NAMES: Readonly<Record<SourceRow['source'], string>> = {
  note: 'notes',
  output: 'new output',
  repeat: 'same output',
  io: 'read, written',
  cpu: 'processor',
}

const amount = ({ source, value }: SourceRow): string =>
  source === 'note' ? String(value) : source === 'cpu' ? formatDuration(value) : formatSize(value)

const sources = (rows: readonly SourceRow[], terminal: Terminal): string =>
  table(
    ['EVIDENCE', 'TOTAL', 'LAST SEEN', 'LIMIT'],
    rows.map((row) => {
      const isLate = row.limit !== null && row.age >= row.limit
      return [
        { text: SOURCE_NAMES[row.source] },
        { text: amount(row) },
        { text: `${ago(row.age)} ago`, ...(isLate ? { style: 'red' as const } : {}) },
        { text: row.limit === null ? 'off' : formatDuration(row.limit) },
      ]
    }),
    { ...terminal, columns: terminal.columns - 2 },
  ).replaceAll(/^(?=.)/gm, '  ')

const SCREEN_LINES = 10

const describeNote = ({ epoch, note, for: allowed }: ProgressNote, { epoch: now }: Now): string => {
  const left = allowed === null ? 0 : epoch + allowed - now
  const promise = left > 0 ? `; may be silent for another ${formatDuration(left)}` : ''
  return `${formatDuration(Math.max(0, now - epoch))} ago${note === '' ? '' : `: ${printable(note)}`}${promise}`
}

/** Lines of whole words. @param beginning without colours, and with them */
const headline = (
  [plain, painted]: readonly [string, string],
  rest: string,
  { columns }: Terminal,
): string => {
  const text = wrapWords(`${plain}${rest}`, columns).join('\n')
  return text.startsWith(plain) ? `${painted}${text.slice(plain.length)}` : text
}

export const renderWhy = (diagnosis: Diagnosis, terminal: Terminal, now: Now): string => {
  const { paint } = terminal
  const field = (label: string, text: string): string =>
    `${paint('dim', label.padEnd(LABEL_WIDTH))} ${text}\n`
  const { kernel_lock: lock, tree: rows, screen } = diagnosis
  const { session, stored, verdict } = diagnosis.snapshot
  const openIn = lock.open_in.map(({ pid, name }) => `pid ${pid} (${printable(name)})`).join(', ')
  const state = paint(STATE_STYLES[verdict.state], verdict.state)
  const cause = verdict.cause === null ? '' : ` (${verdict.cause})`
  const record = stored.kind === 'record' ? stored.record : null

  const rest = `${cause}: ${printable(verdict.reason)}`
  let text = `${headline([`${session} is ${verdict.state}`, `${paint('bold', session)} is ${state}`], rest, terminal)}\n\n`
  if (record !== null) {
    const { generation, iteration, phase, command } = record
    text += field('run', `${generation}, iteration ${iterationOfTotal(iteration)}, phase ${phase}`)
    text += field('command', truncate(shellQuote(command), Math.max(20, terminal.columns - LABEL_WIDTH - 1)))
  }
  const rules = record === null ? '' : ruleText(record)
  if (rules !== '') text += field('rules', truncate(rules, Math.max(20, terminal.columns - LABEL_WIDTH - 1)))
  const isElsewhere = lock.state === 'held' && verdict.state === 'free' ? ' by another program' : ''
  text += field('lock', `${lock.state}${isElsewhere}${openIn === '' ? '' : `, open in ${openIn}`}`)
  if (record !== null && diagnosis.owner_process !== null) {
    const { owner, heartbeat, evidence, tmux } = record
    text += field(
      'owner',
      `${partLine(diagnosis.owner_process)}, ${printable(owner.user)}@${printable(owner.host)}`,
    )
    text += field('refresher', partLine(diagnosis.refresher_process))
    text += field('worker', partLine(diagnosis.worker_process))
    text += field(
      'heartbeat',
      `${ago(verdict.heartbeatAge)} ago, limit ${ago(heartbeat.stale_after)}, every ${ago(heartbeat.interval)}` +
        (evidence === null ? '' : `, evidence: ${printable(evidence.source)}`),
    )
    if (tmux !== null && diagnosis.pane !== null) {
      text += field(
        'tmux',
        `session ${printable(tmux.session)}, pane ${printable(tmux.pane)}, ${diagnosis.pane}`,
      )
    }
  }
  if (diagnosis.note !== null)
    text += field(
      'note',
      truncate(describeNote(diagnosis.note, now), Math.max(20, terminal.columns - LABEL_WIDTH - 1)),
    )
  if (diagnosis.incident !== null) text += field('incident', printable(diagnosis.incident))
  if (diagnosis.sources.length > 0) text += `\n${sources(diagnosis.sources, terminal)}`
  if (rows.length > 0) text += `\n${paint('dim', 'worker tree')}\n${tree(rows, terminal)}`
  if (screen.length > 0) {
    text += `\n${paint('dim', diagnosis.screen_source === 'pane' ? 'screen' : 'last output')}\n`
    for (const line of screen.slice(-SCREEN_LINES))
      text += `  ${truncate(printable(line), terminal.columns - 2)}\n`
  }
  text += `\n${paint('dim', 'next')}\n`
  const widest = Math.max(...diagnosis.next.map((step) => step.command.length))
  for (const step of diagnosis.next)
    text += `  ${step.command.padEnd(widest)}  ${paint('dim', step.purpose)}\n`
  return text
}

export const verb: Verb = {
  describe: 'diagnose one session, and suggest what to do next',
  positionals: ['NAME'],
  options: { json: JSON_OPTION },
  examples: [['lock.sh why nightly', 'why it is hung, dead or unknown']],
  run: async (world, args) => {
    const session = nameOf(args)
    checkLockDir(world.lockDir)
    const diagnosis = await diagnose(openSession(world, session))
    if (args.flag('json')) printJson(diagnosisReport(diagnosis))
    else print(renderWhy(diagnosis, stdout(world), world.now()))
    return 0
  },
}
