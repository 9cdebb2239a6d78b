/** The verbs that are asked all the time: options in, exit code and text out. */
import { progress as leaveNote } from '../commands/progress.ts'
import { statusOf, statusOfAll } from '../commands/status.ts'
import { AWAITABLE, type Awaitable, wait } from '../commands/wait.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { type SessionReport, sessionReport } from '../core/report.ts'
import { STATUS_EXIT_CODES } from '../core/verdict.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { renderStatus } from './render-status.ts'
import type { Verb } from './spec.ts'
import { nameOf, optionalNameOf, print, printJson, type Run, stdout } from './verb.ts'

const reportOf = ({ session, stored, verdict }: Snapshot): SessionReport =>
  sessionReport(session, stored, verdict)

const status: Run = (world, args) => {
  const name = optionalNameOf(args)
  if (name !== undefined) {
    const snapshot = statusOf(world, name)
    if (args.flag('json')) printJson(reportOf(snapshot))
    else print(renderStatus([snapshot], stdout(world)))
    return STATUS_EXIT_CODES[snapshot.verdict.state]
  }
  const sights = statusOfAll(world)
  if (args.flag('json')) printJson(sights.map(reportOf))
  else if (sights.length > 0) print(renderStatus(sights, stdout(world)))
  else world.notify(`no sessions in ${world.lockDir} yet; engine.sh run NAME -- COMMAND starts one`)
  return 0
}

const waitFor: Run = async (world, args) => {
  const name = nameOf(args)
  const text = args.value('for')
  if (text === undefined)
    throw errors.usage(`lock.sh wait needs --for ${AWAITABLE.join('|')}`, 'lock.sh wait --help')
  const states = text.split(',').map((word): Awaitable => {
    const state = AWAITABLE.find((awaitable) => awaitable === word)
    if (state === undefined)
      throw errors.usage(`--for takes ${AWAITABLE.join(', ')}, not ${JSON.stringify(printable(word))}`)
    return state
  })
  const limit = args.value('timeout')
  const seconds = limit === undefined ? Number.POSITIVE_INFINITY : parseDuration(limit, '--timeout')
  print(`${printable(await wait(world, name, states, seconds))}\n`)
  return 0
}

const progress: Run = (world, args) => {
  const text = args.value('for')
  leaveNote(world, args.positionals[0] ?? '', text === undefined ? null : parseDuration(text, '--for'))
  return 0
}

export const QUICK_VERBS = { status, wait: waitFor, progress } satisfies Partial<Record<Verb, Run>>
