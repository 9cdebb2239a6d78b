/** The verbs that read what runs have left. */
import { history as readHistory } from '../commands/history.ts'
import { logs as showLogs } from '../commands/logs.ts'
import { EXIT_CODES } from '../core/errors.ts'
import { iterationReport } from '../core/history.ts'
import { watchReader } from '../process/pipe-reader.ts'
import { numberOption } from './options.ts'
import { renderHistory } from './render-history.ts'
import type { Verb } from './spec.ts'
import { STDERR, STDOUT, terminalOf, write, writeBytes } from './terminal.ts'
import { nameOf, print, type Run, stdout } from './verb.ts'

const logs: Run = async (world, args) => {
  const follow = args.flag('follow')
  const request = {
    name: nameOf(args),
    follow,
    lines: numberOption(args, 'lines', 0),
    iteration: numberOption(args, 'iteration', 1),
    generation: numberOption(args, 'generation', 1),
  }
  const { paint, columns } = terminalOf(STDERR, world.env)
  const sharesTerminal = Number.isFinite(columns) && Number.isFinite(stdout(world).columns)
  await showLogs(world, request, {
    bytes: (bytes) => writeBytes(STDOUT, bytes),
    header: (text, atLineStart) =>
      write(STDERR, `${atLineStart || !sharesTerminal ? '' : '\n'}${paint('dim', text)}\n`),
    isGone: follow ? watchReader(STDOUT) : () => false,
  })
  return 0
}

/** One line for each: a long list is written and read three times as fast, and can be looked through with grep. */
const printList = (values: readonly unknown[]): void =>
  print(values.length === 0 ? '[]\n' : `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]\n`)

const history: Run = (world, args) => {
  const name = nameOf(args)
  const { entries, skipped, torn, problem } = readHistory(world, name)
  if (problem !== null) world.notify(problem)
  if (skipped > 0)
    world.notify(`${skipped} ${skipped === 1 ? 'line' : 'lines'} of the history cannot be read`)
  if (torn) world.notify('the last line of the history was cut off, as by a crash')
  if (args.flag('json')) {
    printList(entries.flatMap((entry) => (entry.kind === 'iteration' ? [iterationReport(entry)] : [])))
  } else if (entries.length > 0) {
    for (const block of renderHistory(entries, stdout(world), world.env, world.clock.epoch())) print(block)
  } else if (problem === null) {
    world.notify(`there is no history of ${name} yet`)
  }
  return problem === null ? 0 : EXIT_CODES.io
}

export const READING_VERBS = { logs, history } satisfies Partial<Record<Verb, Run>>
