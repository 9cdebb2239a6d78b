/**
 * An incident bundle: the state of a session before it was ended by force.
 *
 * No values of the environment go in: they hold secrets.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors, LockError } from '../core/errors.ts'
import { shellQuote } from '../core/printable.ts'
import { shownFields } from '../core/report.ts'
import { fileStamp } from '../core/stamp.ts'
import { codeOf, messageOf } from '../core/system-error.ts'
import { pruneIncidents } from '../store/incidents.ts'
import { makeOwnDir } from '../store/lock-dir.ts'
import { type Diagnosis, diagnose, diagnosisReport, type TreeRow } from './diagnosis.ts'
import type { Session } from './session.ts'
import type { Snapshot } from './snapshot.ts'

/** Of a kind that a loop may leave by itself, night after night. */
const KEPT_INCIDENTS = 20

export type IncidentKind = 'force' | 'reap' | 'timeout' | 'hung'

const treeText = (rows: readonly TreeRow[]): string =>
  [
    'PID\tPARENT\tSTATE\tCPU_SECONDS\tCPU_PERCENT\tAGE_SECONDS\tCOMMAND',
    ...rows.map((row) =>
      [
        row.pid,
        row.parent,
        row.state,
        row.cpu_seconds ?? '-',
        row.cpu_percent ?? '-',
        row.age_seconds ?? '-',
        shellQuote(row.command),
      ].join('\t'),
    ),
    '',
  ].join('\n')

/** @returns the bundle's directory, named by time, run and kind */
const leaveIncident = async (
  { world, paths }: Session,
  kind: IncidentKind,
  diagnosis: Diagnosis,
): Promise<string> => {
  const { record } = diagnosis.snapshot
  const stamp = fileStamp(world.clock.epoch(), 'milliseconds')
  const generation = record?.generation ?? 0
  const dir = join(paths.incidents, `${stamp}-run-${generation}-${kind}`)
  const put = (name: string, text: string): void =>
    writeFileSync(join(dir, name), text, { mode: 0o600, flag: 'wx' })
  try {
    makeOwnDir(paths.home)
    makeOwnDir(paths.incidents)
    mkdirSync(dir, { mode: 0o700 })
    if (record !== null) put('record.json', `${JSON.stringify(shownFields(record), null, 1)}\n`)
    put('why.json', `${JSON.stringify(diagnosisReport(diagnosis), null, 1)}\n`)
    if (diagnosis.tree.length > 0) put('tree.txt', treeText(diagnosis.tree))
    const { screen, screen_source: source } = diagnosis
    if (source !== null) put(source === 'pane' ? 'screen.txt' : 'output.txt', `${screen.join('\n')}\n`)
  } catch (error) {
    if (!(error instanceof LockError) && codeOf(error) !== null)
      throw errors.io(`the incident bundle ${dir} could not be written`, error)
    throw error
  }
  return dir
}

/**
 * Reports where it is, or why there is none: a full disk must not keep a hung session.
 *
 * @returns its directory
 */
export const tryToLeaveIncident = async (
  session: Session,
  kind: IncidentKind,
  snapshot: Snapshot = session.snapshot(),
): Promise<string | null> => {
  const { world, paths } = session
  try {
    const incident = await leaveIncident(session, kind, await diagnose(session, snapshot))
    world.notify(`the incident is recorded in ${incident}`)
    // Incidents of `--force` and `reap` are kept.
    if (kind === 'timeout' || kind === 'hung') pruneIncidents(paths, kind, KEPT_INCIDENTS)
    return incident
  } catch (error) {
    world.notify(messageOf(error))
    return null
  }
}
