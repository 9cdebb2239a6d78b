import { defaultText, RUN_OPTIONS, type RunOptionKey, runOptionName } from '../core/run-options.ts'

/**
 * Every verb and option, as data: the parser and the help read the same table.
 */
export type OptionSpec = {
  readonly name: string
  readonly alias?: string
  /** What follows it in help; without one it is a flag. */
  readonly value?: string
  /** The value may be left out. */
  readonly optionalValue?: boolean
  readonly describe: string
}

export type VerbSpec = {
  readonly program: Program
  readonly verb: string
  readonly describe: string
  /** `[X]` may be left out. */
  readonly positionals: readonly ('NAME' | '[NAME]' | '[NOTE]')[]
  /** Takes `-- COMMAND [ARG...]`. */
  readonly takesCommand?: boolean
  readonly options: readonly OptionSpec[]
  readonly examples: readonly (readonly [command: string, purpose: string])[]
}

export type Program = 'engine' | 'lock'

const withDefault = (describe: string, text: string): string =>
  text === '' ? describe : `${describe} (default ${text})`

/** The options that the record of a run keeps. */
const RECORDED_OPTIONS: readonly OptionSpec[] = Object.entries(RUN_OPTIONS).map(([key, option]) => ({
  name: runOptionName(key as RunOptionKey),
  ...(option.label === null ? {} : { value: option.label }),
  describe: withDefault(option.describe, defaultText(key as RunOptionKey)),
}))

const json: OptionSpec = { name: 'json', describe: 'print JSON' }

export const VERBS = [
  {
    program: 'engine',
    verb: 'run',
    describe: 'run a command in a loop, as the only owner of the session',
    positionals: ['NAME'],
    takesCommand: true,
    options: [
      { name: 'iterations', alias: 'n', value: 'N|inf', describe: 'how many iterations (default 1)' },
      { name: 'force', describe: 'take the session from a hung, dead or active owner' },
      {
        name: 'resume',
        describe: 'continue the unfinished run: same command, same options, next iteration',
      },
      { name: 'fresh', describe: 'start at iteration 1' },
      {
        name: 'detach',
        alias: 'd',
        describe: 'in a new tmux session called NAME; returns when the session is held',
      },
      {
        name: 'wait',
        value: 'D',
        optionalValue: true,
        describe: 'wait for a held session, for ever or at most D',
      },
      ...RECORDED_OPTIONS,
    ],
    examples: [
      ['engine.sh run demo -n 3 -- examples/agent.sh', 'three iterations'],
      ['engine.sh run nightly -d -n inf --delay 30m -- ./agent.sh', 'in tmux, until it is stopped'],
      ['engine.sh run nightly', 'continue after a crash'],
    ],
  },
  {
    program: 'engine',
    verb: 'stop',
    describe: 'end a run cleanly',
    positionals: ['NAME'],
    options: [
      { name: 'after-iteration', describe: 'let the current iteration end first; does not wait for it' },
    ],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'status',
    describe: 'show the state of one or all sessions',
    positionals: ['[NAME]'],
    options: [json],
    examples: [['lock.sh status demo', 'exit code: 0 active, 1 dead, 2 hung, 3 free, 4 unknown']],
  },
  {
    program: 'lock',
    verb: 'why',
    describe: 'diagnose one session, and suggest what to do next',
    positionals: ['NAME'],
    options: [json],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'attach',
    describe: "a short diagnosis, then the session's terminal",
    positionals: ['NAME'],
    options: [],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'reap',
    describe: 'end the processes that dead owners have left, and free their sessions',
    positionals: ['[NAME]'],
    options: [{ name: 'dry-run', describe: 'only print what would be done' }],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'wait',
    describe: 'wait until a session is in a state',
    positionals: ['NAME'],
    options: [
      { name: 'for', value: 'free|hung|dead', describe: 'one of these, or several: free,dead' },
      { name: 'timeout', value: 'D', describe: 'give up after D, with exit code 75' },
    ],
    examples: [['lock.sh wait nightly --for free,dead --timeout 8h', '']],
  },
  {
    program: 'lock',
    verb: 'logs',
    describe: 'print the recorded output, by default of the newest iteration',
    positionals: ['NAME'],
    options: [
      {
        name: 'follow',
        alias: 'f',
        describe: 'keep printing new output, also of later iterations, until the run ends',
      },
      { name: 'lines', alias: 'n', value: 'LINES', describe: 'the last LINES lines only' },
      { name: 'iteration', value: 'N', describe: 'this iteration; with -f from it on' },
      {
        name: 'generation',
        value: 'N',
        describe: 'this run (default: the newest that has output)',
      },
    ],
    examples: [
      ['lock.sh logs nightly -f -n 20', 'the last lines, and what comes'],
      ['lock.sh logs nightly --iteration 12', 'all of one iteration'],
    ],
  },
  {
    program: 'lock',
    verb: 'history',
    describe: 'list all iterations: duration, result, size of the output',
    positionals: ['NAME'],
    options: [json],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'interrupt',
    describe: 'end this iteration; the run continues with the next',
    positionals: ['NAME'],
    options: [],
    examples: [],
  },
  {
    program: 'lock',
    verb: 'progress',
    describe: 'report progress, from inside a run',
    positionals: ['[NOTE]'],
    options: [{ name: 'for', value: 'D', describe: 'do not report the session as hung for D from now' }],
    examples: [['lock.sh progress --for 20m "long build"', 'in a script that engine.sh runs']],
  },
  {
    program: 'lock',
    verb: 'completion',
    describe: 'print a completion script for bash and zsh',
    positionals: [],
    options: [],
    examples: [['eval "$(lock.sh completion)"', 'in ~/.bashrc or ~/.zshrc']],
  },
  {
    program: 'lock',
    verb: 'doctor',
    describe: 'check this machine, the lock directory and the sessions',
    positionals: [],
    options: [json],
    examples: [],
  },
] as const satisfies readonly VerbSpec[]

export type Verb = (typeof VERBS)[number]['verb']

export const verbsOf = (program: Program): readonly VerbSpec[] =>
  VERBS.filter((spec) => spec.program === program)
