/**
 * Sessions as metrics, in the text format of Prometheus. Pure.
 *
 * Times are given as moments, not as ages: a node exporter reads the file some time after it was written.
 */
import { ATTENTION_KINDS } from './note.ts'
import type { LockRecord } from './record.ts'
import type { Watched } from './urgency.ts'
import { CAUSES, STATES } from './verdict.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

type Metric = {
  readonly name: string
  readonly help: string
  readonly type: 'gauge'
  readonly samples: (session: Watched) => readonly Sample[]
}

const PREFIX = 'session_lock_'

const flag = (value: boolean): number => (value ? 1 : 0)

/** One series for each of the values, of which at most one is 1. */
const stateSet = <Value extends string>(
  label: string,
  values: readonly Value[],
  of: (session: Watched) => Value | null | undefined,
): Metric['samples'] => {
  return (session) => values.map((value) => [{ [label]: value }, flag(of(session) === value)])
}

/** No sample where there is no value. */
const one =
  (of: (session: Watched) => number | null | undefined): Metric['samples'] =>
  (session) => {
    const value = of(session)
    return value == null ? [] : [[{}, value]]
  }

const ofRecord = (of: (record: LockRecord) => number | null | undefined): Metric['samples'] =>
  one(({ stored }) => (stored.kind === 'record' ? of(stored.record) : null))

const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
  name: `${PREFIX}${name}`,
  help,
  type: 'gauge',
  samples,
})

const METRICS: readonly Metric[] = [
  gauge(
    'state',
    'State of the session: 1 for the state that it is in.',
    stateSet('state', STATES, ({ verdict }) => verdict.state),
  ),
  gauge(
    'hung_cause',
    'Why the session is hung: 1 for the cause.',
    stateSet('cause', CAUSES, ({ verdict }) => verdict.cause),
  ),
  gauge(
    'attention',
    'Whether the session needs a person: 1 for what it needs one for.',
    stateSet('kind', ATTENTION_KINDS, ({ attention }) => attention?.kind),
  ),
  gauge(
    'owner_alive',
    'Whether the owner is alive. Absent when that is unknown.',
    one(({ verdict }) => (verdict.ownerAlive === null ? null : flag(verdict.ownerAlive))),
  ),
  gauge(
    'heartbeat_timestamp_seconds',
    'When the last heartbeat was written.',
    ofRecord(({ heartbeat }) => heartbeat.epoch),
  ),
  gauge(
    'stale_after_seconds',
    'How old the heartbeat may become before the session is hung.',
    ofRecord(({ heartbeat }) => heartbeat.stale_after),
  ),
  gauge(
    'generation',
    'Number of the run.',
    ofRecord(({ generation }) => generation),
  ),
  gauge(
    'iteration',
    'Number of the iteration, 0 before the first.',
    ofRecord(({ iteration }) => iteration.number),
  ),
  gauge(
    'iterations',
    'How many iterations the run is to have. Absent without a limit.',
    ofRecord(({ iteration }) => iteration.total),
  ),
  gauge(
    'iteration_start_timestamp_seconds',
    'When the iteration began.',
    ofRecord(({ iteration }) => iteration.started_epoch),
  ),
  gauge(
    'start_timestamp_seconds',
    'When the run began.',
    ofRecord(({ started_epoch }) => started_epoch),
  ),
  gauge(
    'end_timestamp_seconds',
    'When the run ended. Absent while it goes on.',
    ofRecord(({ ended }) => ended?.epoch),
  ),
  gauge(
    'exit_code',
    'Exit code of the run. Absent while it goes on, and when there is none.',
    ofRecord(({ ended }) => ended?.exit_code),
  ),
  gauge(
    'failures',
    'Failed iterations in a row.',
    ofRecord(({ failures }) => failures),
  ),
  gauge(
    'output_lost_bytes',
    'Output of the run that could not be written.',
    ofRecord(({ output_lost }) => output_lost),
  ),
]

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

const line = (name: string, labels: Labels, value: number): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}{${pairs.join(',')}} ${value}`
}

/** A metric that no session has a value of is left out. */
const lines = ({ name, help, type, samples }: Metric, sessions: readonly Watched[]): readonly string[] => {
  const values = sessions.flatMap((one) =>
    samples(one).map(([labels, value]) => line(name, { session: one.session, ...labels }, value)),
  )
  return values.length === 0
    ? []
    : [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...values]
}

/** For the textfile collector; empty without sessions. */
export const prometheusText = (sessions: readonly Watched[]): string =>
  METRICS.flatMap((metric) => lines(metric, sessions))
    .map((text) => `${text}\n`)
    .join('')
