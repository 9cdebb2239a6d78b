import { join } from 'node:path'
import type { Arguments } from '../cli/parse.ts'
import { nameOf, type Options, type Verb } from '../cli/verb.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { COUNT_OR_INF } from '../core/option-kinds.ts'
import type { RunRequest } from '../core/plan.ts'
import {
  defaultText,
  parseRunOptions,
  RUN_OPTIONS,
  type RunOptionKey,
  type RunOptions,
  runOptionName,
} from '../core/run-options.ts'
import { runDetached } from '../engine/detach.ts'
import { run } from '../engine/run.ts'

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

/** @throws LockError `usage` */
export const iterationsOption = (args: Arguments): RunRequest['iterations'] => {
  const texts = args.values('iterations')
  return texts === undefined ? undefined : COUNT_OR_INF.parse(texts, '--iterations')
}

/** Seconds; infinite for `--wait` alone, `undefined` without it. @throws LockError `usage` */
export const waitOption = (args: Arguments): number | undefined => {
  const text = args.value('wait')
  if (text === undefined) return undefined
  return text === '' ? Number.POSITIVE_INFINITY : parseDuration(text, '--wait')
}

export const verb: Verb = {
  describe: 'run a command in a loop, as the only owner of the session',
  positionals: ['NAME'],
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
      describe: 'in a new tmux session called NAME; returns when the session is held',
    },
    wait: {
      type: 'string',
      value: 'D',
      requiresArg: false,
      describe: 'wait for a held session, for ever or at most D',
    },
    ...recordedOptions(),
  },
  examples: [
    ['engine.sh run demo -n 3 -- examples/agent.sh', 'three iterations'],
    ['engine.sh run nightly -d -n inf --delay 30m -- ./agent.sh', 'in tmux, until it is stopped'],
    ['engine.sh run nightly', 'continue after a crash'],
  ],
  run: async (world, args, self) => {
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
      const { name, force, waitSeconds } = request
      const command = [self.node, self.script, args.program, ...args.without('detach')]
      return runDetached(world, { name, waits: waitSeconds !== undefined, force }, command)
    }
    return run(world, request, join(self.directory, 'guard.js'))
  },
}
