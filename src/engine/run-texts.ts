/** What a run tells the person who looks: at its start, between iterations, at its end. */
import { formatDuration } from '../core/duration.ts'
import { END_TEXTS } from '../core/end-text.ts'
import { nameIteration } from '../core/iteration-text.ts'
import type { RunEnd } from '../core/loop/decide.ts'
import { nextIteration, type RunPlan } from '../core/plan.ts'
import { printable, shellQuote } from '../core/printable.ts'
import type { IterationResult, LockRecord } from '../core/record.ts'
import type { WorkerEnd } from './iteration-end.ts'

type LastResult = Pick<WorkerEnd, 'result' | 'exitCode'>

/** How long it takes at most until a hang is seen: the limit, the beats before it, and the heartbeat's own time. */
const describeDetection = ({ options, heartbeat: { interval } }: LockRecord): string => {
  const within = (limit: number): string => formatDuration(limit + options.stale_after + 2 * interval)
  const { quiet_after: quiet, stuck_after: stuck } = options
  const promises = [
    ...(quiet === null ? [] : [`${within(quiet)} of silence`]),
    ...(stuck === null ? [] : [`${within(stuck)} without progress`]),
  ]
  const beats = `heartbeat every ${formatDuration(interval)}`
  return promises.length === 0 ? beats : `${beats}; hung after ${promises.join(', or ')}`
}

export const startTexts = (record: LockRecord, plan: RunPlan): readonly string[] => {
  const { continues, abandons } = plan
  const lines: string[] = []
  if (abandons !== null) {
    lines.push(
      `not continuing unfinished run ${abandons.generation} (${nameIteration(abandons.iteration)}); --resume does that`,
    )
  }
  if (continues !== null) {
    const end =
      continues.ended === null
        ? 'lost its owner'
        : continues.ended.reason.replace('owner-died', 'lost its owner')
    lines.push(`continuing run ${continues.generation} (${end}) in ${printable(record.cwd)}`)
  }
  lines.push(
    `run ${record.generation} of ${record.session}, ${nameIteration({ number: plan.first, total: plan.iterations })}: ${shellQuote(record.command)}` +
      ` (${describeDetection(record)})`,
  )
  return lines
}

const RESULT_TEXTS: Readonly<Record<IterationResult, string>> = {
  ok: 'succeeded',
  failed: 'failed',
  killed: 'was killed',
  timeout: 'ran out of time',
  interrupted: 'was interrupted',
}

/** Nothing after an iteration that went well, and is followed by the next one as usual. */
export const continuingTexts = (
  { iteration }: LockRecord,
  last: LastResult,
  { waitSeconds, why }: { readonly waitSeconds: number; readonly why: string | null },
): readonly string[] => {
  if (last.result === 'ok' && why === null) return []
  const how = `${nameIteration(iteration)} ${RESULT_TEXTS[last.result]} with exit code ${last.exitCode}`
  const wait = why === null ? '' : ` in ${formatDuration(waitSeconds)} (${why})`
  return [`${how}; continuing${wait}`]
}

/** Nothing for a run that went well. */
export const endTexts = (record: LockRecord, end: RunEnd): readonly string[] => {
  if (end.reason === 'completed' && end.exitCode === 0 && end.detail === null) return []
  const { session, generation, iteration, ended } = record
  const inIteration = iteration.number === 0 ? '' : ` in ${nameIteration(iteration)}`
  const bySomebody = end.reason === 'superseded' ? ' by somebody else' : ''
  const why = end.detail === null ? '' : `: ${printable(end.detail)}`
  const next = nextIteration(record)
  const canContinue = ended !== null && end.reason !== 'superseded' && next !== null
  return [
    `run ${generation} of ${session}: ${END_TEXTS[end.reason]}${bySomebody}${inIteration}, exit code ${end.exitCode}${why}`,
    ...(canContinue ? [`continue with iteration ${next}: engine.sh run ${session}`] : []),
  ]
}
