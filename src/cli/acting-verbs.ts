/** The verbs that act, or look closely. */
import { attach as show } from '../commands/attach.ts'
import { doctor as examine } from '../commands/doctor.ts'
import { interrupt as interruptIteration } from '../commands/interrupt.ts'
import { reap as clear } from '../commands/reap.ts'
import { stop as stopRun } from '../commands/stop.ts'
import { why as explain } from '../commands/why.ts'
import { errors, formatError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { runDetached } from '../engine/detach.ts'
import { run as runHere } from '../engine/run.ts'
import { diagnosisReport } from '../session/diagnosis.ts'
import { completionScript } from './completion.ts'
import { iterationsOption, runOptions, waitOption } from './options.ts'
import { renderDoctor, renderShort, renderWhy } from './render-diagnosis.ts'
import type { Verb } from './spec.ts'
import { STDERR, terminalOf, write } from './terminal.ts'
import { nameOf, optionalNameOf, print, printJson, type Run, stdout } from './verb.ts'

const run: Run = async (world, args, self) => {
  const request = {
    name: nameOf(args),
    command: args.command,
    cwd: world.cwd,
    iterations: iterationsOption(args),
    options: runOptions(args),
    force: args.flag('force'),
    resume: args.flag('resume'),
    fresh: args.flag('fresh'),
    waitSeconds: waitOption(args),
  }
  if (request.command?.length === 0) throw errors.noCommand(request.name)
  if (args.flag('detach')) {
    const command = [self.node, self.script, args.spec.program, ...args.without('detach')]
    return runDetached(
      world,
      { name: request.name, waits: request.waitSeconds !== undefined, force: request.force },
      command,
    )
  }
  return runHere(world, request, self.scripts)
}

const stop: Run = async (world, args) => {
  print(
    `${printable(await stopRun(world, { name: nameOf(args), afterIteration: args.flag('after-iteration') }))}\n`,
  )
  return 0
}

const why: Run = async (world, args) => {
  const diagnosis = await explain(world, nameOf(args))
  if (args.flag('json')) printJson(diagnosisReport(diagnosis))
  else print(renderWhy(diagnosis, stdout(world), world.now()))
  return 0
}

const attach: Run = async (world, args) => {
  await show(world, nameOf(args), (diagnosis) =>
    write(STDERR, renderShort(diagnosis, terminalOf(STDERR, world.env))),
  )
  return 0
}

const reap: Run = async (world, args) => {
  const reaped = await clear(world, optionalNameOf(args), args.flag('dry-run'))
  for (const { session, lines, error } of reaped) {
    for (const line of lines) print(`${session}: ${printable(line)}\n`)
    if (error !== undefined) world.notify(formatError(error))
  }
  if (reaped.length === 0) world.notify('nothing to reap')
  return reaped.find(({ error }) => error !== undefined)?.error?.exitCode ?? 0
}

const doctor: Run = async (world, args) => {
  const checks = await examine(world)
  if (args.flag('json')) printJson(checks)
  else print(renderDoctor(checks, stdout(world)))
  return checks.find(({ level }) => level === 'error')?.exitCode ?? 0
}

const interrupt: Run = async (world, args) => {
  print(`${printable(await interruptIteration(world, nameOf(args)))}\n`)
  return 0
}

const completion: Run = () => {
  print(completionScript())
  return 0
}

export const ACTING_VERBS = { run, stop, why, attach, reap, doctor, interrupt, completion } satisfies Partial<
  Record<Verb, Run>
>
