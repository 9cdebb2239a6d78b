/**
 * The options of `run` that its record keeps, so that an unfinished run goes on the same way.
 *
 * This table is the only place that knows them: command line, help, completion, defaults and the validation of records
 * are made from it. The key is the option's name in the record; on the command line it has `-` for `_`. A new option is
 * a new row; records that were written before it have its default.
 */
import { isObject } from './checks.ts'
import {
  BACKOFF_OR_OFF,
  CLOCK_TIME_OR_OFF,
  COUNT,
  COUNT_OR_INF,
  COUNT_OR_OFF,
  choice,
  DURATION,
  FLAG,
  INTERVAL,
  INTERVAL_OR_OFF,
  list,
  type OptionKind,
  OUTPUT_LINE,
  SIZE,
  SIZE_OR_OFF,
  text,
} from './option-kinds.ts'

type RunOption<Value> = OptionKind<Value> & {
  /** Durations in seconds, sizes in bytes; `null` is "off" or "no limit". */
  readonly default: Value
  readonly describe: string
}

const row = <Value>(kind: OptionKind<Value>, standard: Value, describe: string): RunOption<Value> => ({
  ...kind,
  default: standard,
  describe,
})

export type OnHung = 'report' | 'interrupt' | 'stop'

export const RUN_OPTIONS = {
  delay: row(DURATION, 0, 'pause between iterations'),
  timeout: row(INTERVAL_OR_OFF, null, "an iteration's time limit"),
  max_failures: row(COUNT_OR_INF, 1, 'stop after N failed iterations in a row'),
  until: row(text('CMD'), null, 'end the run when CMD, run by sh after each iteration, exits with 0'),
  until_output: row(OUTPUT_LINE, null, 'end the run when the worker prints a line that is exactly TEXT'),
  for: row(INTERVAL_OR_OFF, null, 'begin no iteration once the run has lasted this long'),
  until_time: row(CLOCK_TIME_OR_OFF, null, 'begin no iteration after this time of day'),
  max_unchanged: row(
    COUNT_OR_OFF,
    null,
    'fail with exit code 81 after N iterations in a row that changed nothing',
  ),
  backoff: row(
    BACKOFF_OR_OFF,
    null,
    'pause after a failed iteration, doubled with each further failure in a row',
  ),
  stdin: row(text('FILE'), null, 'the standard input of each iteration, read from the start of the file'),
  end_on_turn: row(
    FLAG,
    false,
    'when an agent reports the end of its turn, end the iteration after --grace, unless a key is typed',
  ),
  on_iteration: row(
    text('CMD'),
    null,
    'run CMD by sh after each iteration, with its history entry as JSON on standard input',
  ),
  notify: row(
    text('CMD'),
    null,
    'run CMD by sh when the session hangs, works again, needs you, ends a turn, loses its owner or ends',
  ),
  on_hung: row(
    choice(['report', 'interrupt', 'stop']),
    'report' as OnHung,
    'when the worker hangs: report it, end the iteration as failed and go on, or end the run',
  ),
  hung_grace: row(DURATION, 0, 'how long the session has to be hung before --on-hung ends anything'),
  stale_after: row(INTERVAL, 120, 'a heartbeat older than this means hung'),
  quiet_after: row(INTERVAL_OR_OFF, 600, 'report the session as hung after this long without any activity'),
  stuck_after: row(
    INTERVAL_OR_OFF,
    1800,
    'report the session as hung after this long with activity, but without progress',
  ),
  heartbeat_interval: row(INTERVAL, 15, 'time between beats, at most a third of --stale-after'),
  grace: row(DURATION, 10, 'time between TERM and KILL'),
  log_limit: row(
    SIZE,
    64 * 1024 ** 2,
    'output kept per iteration; of longer output the beginning and the end',
  ),
  keep: row(COUNT, 20, 'keep the output of the newest N runs, and of the newest N iterations of a run'),
  keep_size: row(
    SIZE,
    2 * 1024 ** 3,
    'remove the oldest output of the session beyond this size, but never that of the current iteration',
  ),
  memory_max: row(
    SIZE_OR_OFF,
    null,
    'memory of the worker and all its processes; beyond it the kernel ends one of them (69 without control groups)',
  ),
  exclusive: row(
    list('PATH'),
    [],
    'run only while no other run has this path; "." is the git work tree or else the working directory',
  ),
}

type Table = typeof RUN_OPTIONS
export type RunOptionKey = keyof Table
export type RunOptions = { readonly [Key in RunOptionKey]: Table[Key]['default'] }

const KEYS = Object.keys(RUN_OPTIONS) as readonly RunOptionKey[]

/** As it is written on the command line, without the dashes. */
export const runOptionName = (key: RunOptionKey): string => key.replaceAll('_', '-')

export const DEFAULT_OPTIONS = Object.fromEntries(
  KEYS.map((key) => [key, RUN_OPTIONS[key].default]),
) as unknown as RunOptions

/** As it would be given on the command line; `''` for none. */
export const defaultText = (key: RunOptionKey): string => {
  const option = RUN_OPTIONS[key] as RunOption<unknown>
  return option.label === null ? '' : option.format(option.default)
}

/**
 * Only what was given.
 *
 * @param textsOf what was given for an option of this name; `undefined` for nothing, `[]` for a flag that is off
 * @param shownAs the option's name in messages
 * @throws LockError `usage` naming the option
 */
export const parseRunOptions = (
  textsOf: (name: string) => readonly string[] | undefined,
  shownAs = (name: string): string => `--${name}`,
): Partial<RunOptions> =>
  Object.fromEntries(
    KEYS.flatMap((key) => {
      const name = runOptionName(key)
      const texts = textsOf(name)
      return texts === undefined ? [] : [[key, RUN_OPTIONS[key].parse(texts, shownAs(name))]]
    }),
  )

/** A list of a thousand sessions goes through these for every one: side by side, and not looked up by name. */
const DEFAULTS: readonly unknown[] = KEYS.map((key) => DEFAULT_OPTIONS[key])
const CHECKS = KEYS.map((key) => RUN_OPTIONS[key].isValid)

/** The `options` of a record: those that it has are valid. One that it lacks was added since it was written. */
export const areRunOptions = (value: unknown): value is Partial<RunOptions> =>
  isObject(value) &&
  KEYS.every((key, index) => {
    const option = value[key]
    // Most are as they come.
    return option === DEFAULTS[index] || option === undefined || CHECKS[index]?.(option) === true
  })

/** With the defaults for what a record does not have. */
export const completeRunOptions = (options: Partial<RunOptions>): RunOptions =>
  KEYS.every((key) => options[key] !== undefined)
    ? (options as RunOptions)
    : { ...DEFAULT_OPTIONS, ...options }
