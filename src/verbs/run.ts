import { join } from 'node:path'
import type { Arguments } from '../cli/parse.ts'
import { type Cell, table } from '../cli/terminal.ts'
import { nameOf, type Options, print, stdout, type Verb } from '../cli/verb.ts'
import { loadConfig } from '../config/load.ts'
import {
  type Config,
  environmentName,
  environmentOptions,
  fileOptions,
  type OptionTexts,
} from '../core/config.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { COUNT_OR_INF } from '../core/option-kinds.ts'
import { limitsOf } from '../core/places.ts'
import type { RunRequest } from '../core/plan.ts'
import { printable, shellQuote } from '../core/printable.ts'
import {
  defaultText,
  parseRunOptions,
  RUN_OPTIONS,
  type RunOptionKey,
  type RunOptions,
  runOptionName,
} from '../core/run-options.ts'
import type { ClaimRequest } from '../engine/claim.ts'
import { runDetached } from '../engine/detach.ts'
import { run } from '../engine/run.ts'
import { openSession } from '../session/session.ts'
import type { World } from '../world.ts'
import { STATE_STYLES } from './shared/session-words.ts'

/** The options that the record of a run keeps. */
const recordedOptions = (): Options =>
  Object.fromEntries(
    Object.entries(RUN_OPTIONS).map(([key, { label, isList, describe }]) => {
      const standard = defaultText(key as RunOptionKey)
      return [
        runOptionName(key as RunOptionKey),
        {
          ...(label === null ? { type: 'boolean' as const } : { type: 'string' as const, value: label }),
          ...(isList ? { array: true } : {}),
          describe: standard === '' ? describe : `${describe} (default ${standard})`,
        },
      ]
    }),
  )

/** Only the options that were given. @throws LockError `usage` */
export const runOptions = (args: Arguments): Partial<RunOptions> =>
  parseRunOptions((name) => args.values(name))

/** What was given for an option that the record does not keep: on the command line, or else in the file. */
type Layered = (name: string) => readonly string[] | undefined

const layered =
  (args: Arguments, file: OptionTexts): Layered =>
  (name) =>
    args.values(name) ?? (file[name]?.length === 0 ? undefined : file[name])

/** @throws LockError `usage` */
export const iterationsOption = (texts: readonly string[] | undefined): RunRequest['iterations'] =>
  texts === undefined ? undefined : COUNT_OR_INF.parse(texts, '--iterations')

/** Seconds; infinite for `--wait` alone, `undefined` without it. @throws LockError `usage` */
export const waitOption = (texts: readonly string[] | undefined): number | undefined => {
  const text = texts?.at(-1)
  if (text === undefined) return undefined
  return text === '' ? Number.POSITIVE_INFINITY : parseDuration(text, '--wait')
}

const requestOf = (world: World, args: Arguments, config: Config | null): ClaimRequest => {
  const name = nameOf(args)
  const session = config?.sessions.get(name)
  const file = fileOptions(config, name)
  const value = layered(args, file)
  const environment = environmentOptions(world.env)
  return {
    name,
    command: args.command,
    cwd: world.cwd,
    iterations: iterationsOption(args.values('iterations')),
    options: runOptions(args),
    configured: {
      command: session?.command ?? null,
      cwd: session?.cwd ?? world.cwd,
      iterations: iterationsOption(file.iterations),
      // Both are checked, and named as the person knows them.
      options: {
        ...parseRunOptions((option) => file[option]),
        ...parseRunOptions((option) => environment[option], environmentName),
      },
    },
    environment: session?.env ?? {},
    force: value('force') !== undefined,
    resume: value('resume') !== undefined,
    fresh: value('fresh') !== undefined,
    waitSeconds: waitOption(value('wait')),
    limits: limitsOf(config, name, world.env),
  }
}

/** `engine.sh run` without a name. */
const listConfigured = (world: World, args: Arguments, config: Config | null): number => {
  if (args.command !== null || config === null || config.sessions.size === 0)
    throw errors.usage(
      `engine.sh run needs a session name${config?.sessions.size === 0 ? `; ${config.path} has no sessions` : ''}`,
      'engine.sh run NAME -- COMMAND, or name sessions in an engine.yaml (README) and leave the command out.',
    )
  print(renderConfigured(world, config))
  return 0
}

const renderConfigured = (world: World, config: Config): string =>
  table(
    ['SESSION', 'STATE', 'COMMAND'],
    [...config.sessions].map(([name, { command }]): readonly Cell[] => {
      const { state } = openSession(world, name).snapshot().verdict
      const shown = command === null ? '-' : command[0] === 'sh' ? (command[2] ?? '') : shellQuote(command)
      return [{ text: name }, { text: state, style: STATE_STYLES[state] }, { text: printable(shown) }]
    }),
    stdout(world),
  )

export const verb: Verb = {
  describe: 'run a command in a loop, as the only owner of the session',
  positionals: ['[NAME]'],
  takesCommand: true,
  options: {
    iterations: {
      type: 'string',
      alias: 'n',
      value: COUNT_OR_INF.label ?? '',
      describe: 'how many iterations (default 1)',
    },
    force: { type: 'boolean', describe: 'take the session from a hung, dead or active owner' },
    resume: {
      type: 'boolean',
      describe: 'continue the unfinished run: same command, same options, next iteration',
    },
    fresh: { type: 'boolean', describe: 'start at iteration 1' },
    detach: {
      type: 'boolean',
      alias: 'd',
      describe: 'run in a new tmux session called NAME; return when the session is held',
    },
    wait: {
      type: 'string',
      value: 'D',
      requiresArg: false,
      describe: 'wait, for ever or at most D, for what others hold: session, place, --exclusive path',
    },
    ...recordedOptions(),
  },
  examples: [
    ['engine.sh run demo -n 3 -- examples/agent.sh', 'three iterations'],
    ['engine.sh run nightly -d -n inf --delay 30m -- ./agent.sh', 'in tmux, until it is stopped'],
    ['engine.sh run nightly', 'continue after a crash, or start what engine.yaml says'],
    ['engine.sh run', 'list the sessions of engine.yaml'],
  ],
  run: async (world, args, self) => {
    const config = await loadConfig(world)
    if (args.positionals.length === 0) return listConfigured(world, args, config)
    const request = requestOf(world, args, config)
    if (request.command?.length === 0) throw errors.noCommand(request.name)
    if (layered(args, fileOptions(config, request.name))('detach') !== undefined) {
      const { name, force, waitSeconds } = request
      const command = [self.node, self.script, args.program, ...args.without('detach')]
      return (await runDetached(world, { name, waits: waitSeconds !== undefined, force }, command)).exitCode
    }
    return run(world, request, join(self.directory, 'guard.js'))
  },
}
