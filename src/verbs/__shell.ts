/** What scripts/shell-functions.bash calls for `lock_acquire`, `lock_iteration`, `lock_progress` and `lock_release`. */
import { join } from 'node:path'
import type { Arguments } from '../cli/parse.ts'
import { type Options, print, type Self, type Verb } from '../cli/verb.ts'
import { loadConfig } from '../config/load.ts'
import { environmentName, environmentOptions, fileOptions } from '../core/config.ts'
import { parseDuration } from '../core/duration.ts'
import { errors } from '../core/errors.ts'
import { parseWholeNumber } from '../core/option-kinds.ts'
import { parseRunOptions, RUN_OPTIONS, type RunOptionKey, runOptionName } from '../core/run-options.ts'
import { checkSessionName } from '../core/session-name.ts'
import { iterateForShell } from '../engine/shell-iteration.ts'
import type { ShellStep } from '../engine/shell-session.ts'
import { acquireForShell, progressForShell, releaseForShell } from '../engine/shell-steps.ts'
import { makeLockFile } from '../store/kernel-lock.ts'
import { prepareLockDir } from '../store/lock-dir.ts'
import type { World } from '../world.ts'

/** The others are rules of the engine's loop; a script has its own. */
const KEYS = [
  'delay',
  'timeout',
  'notify',
  'on_hung',
  'hung_grace',
  'stale_after',
  'quiet_after',
  'stuck_after',
  'heartbeat_interval',
  'grace',
  'log_limit',
  'keep',
] as const satisfies readonly RunOptionKey[]

const recordedOptions: Options = Object.fromEntries(
  KEYS.map((key) => {
    const { label, describe } = RUN_OPTIONS[key]
    return [runOptionName(key), { type: 'string' as const, value: label ?? '', describe }]
  }),
)

const number = (args: Arguments, name: string): number =>
  parseWholeNumber(args.value(name) ?? '', `--${name}`, 1)

const stepOf = (args: Arguments): ShellStep => ({
  name: checkSessionName(args.positionals[1] ?? ''),
  generation: number(args, 'generation'),
  ownerPid: number(args, 'owner'),
})

const acquire = async (world: World, args: Arguments, guard: string): Promise<number> => {
  const name = checkSessionName(args.positionals[1] ?? '')
  const file = fileOptions(await loadConfig(world), name)
  const environment = environmentOptions(world.env)
  const only = (option: string): boolean => KEYS.some((key) => runOptionName(key) === option)
  const script = args.value('script') || 'bash'
  const wait = args.value('wait')
  const request = {
    name,
    command: [script],
    cwd: world.cwd,
    iterations: null,
    options: {
      ...parseRunOptions((option) => (only(option) ? file[option] : undefined)),
      ...parseRunOptions((option) => (only(option) ? environment[option] : undefined), environmentName),
      ...parseRunOptions((option) => (only(option) ? args.values(option) : undefined)),
    },
    force: args.flag('force'),
    resume: false,
    fresh: true,
    waitSeconds:
      wait === undefined ? undefined : wait === '' ? Number.POSITIVE_INFINITY : parseDuration(wait, '--wait'),
  }
  print(`${await acquireForShell(world, request, { pid: number(args, 'owner'), script }, guard)}\n`)
  return 0
}

const iterate = async (world: World, args: Arguments, guard: string): Promise<number> => {
  const words = args.command ?? []
  if (words.length === 0)
    throw errors.usage('lock_iteration needs a command', 'lock_iteration ./agent.sh --fast')
  // bash -c SCRIPT lock_iteration FILE WORD...: what is shown is the function and its arguments.
  const command = args.flag('function') ? words.slice(5) : words
  return (await iterateForShell(world, stepOf(args), { command, started: words }, guard)).exitCode
}

const run = async (world: World, args: Arguments, self: Self): Promise<number> => {
  const guard = join(self.directory, 'guard.js')
  switch (args.positionals[0]) {
    case 'prepare':
      prepareLockDir(world.lockDir)
      makeLockFile(world.paths(checkSessionName(args.positionals[1] ?? '')).lock)
      return 0
    case 'acquire':
      return acquire(world, args, guard)
    case 'iterate':
      return iterate(world, args, guard)
    case 'progress':
      await progressForShell(world, stepOf(args), args.command?.[0] ?? '')
      return 0
    case 'release':
      await releaseForShell(world, stepOf(args), guard)
      return 0
    default:
      throw errors.usage('__shell is for lock.sh itself', 'source lock.sh')
  }
}

export const verb: Verb = {
  describe: 'a step of a script that has sourced lock.sh',
  positionals: ['STEP', '[NAME]'],
  takesCommand: true,
  options: {
    owner: { type: 'string', value: 'PID', describe: 'the shell' },
    generation: { type: 'string', value: 'N', describe: 'its run' },
    script: { type: 'string', value: 'PATH', describe: 'its script' },
    function: { type: 'boolean', describe: 'the command is a function of the shell' },
    force: { type: 'boolean', describe: 'take the session from its owner' },
    wait: { type: 'string', value: 'D', requiresArg: false, describe: 'wait while the session is held' },
    ...recordedOptions,
  },
  examples: [['source lock.sh; lock_acquire nightly', 'what a script does']],
  run,
}
