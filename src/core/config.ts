/**
 * What `engine.yaml` says, and which of its values hold for a session. Pure.
 *
 * The values of options stay texts, as they would be given on the command line, so that command line, environment and
 * file are layers of one kind: the command line wins over `LOCK_*`, and that over the file.
 */
import { RUN_OPTIONS, type RunOptionKey, runOptionName } from './run-options.ts'

/** By the name on the command line. `[]` is a flag that is switched off. */
export type OptionTexts = Readonly<Record<string, readonly string[]>>

export type SessionConfig = {
  /** `null`: `run NAME` needs one behind `--`. */
  readonly command: readonly string[] | null
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly group: string | null
  readonly options: OptionTexts
}

export type Config = {
  /** Of the file. */
  readonly path: string
  /** That the file is in. */
  readonly directory: string
  readonly defaults: OptionTexts
  readonly sessions: ReadonlyMap<string, SessionConfig>
  /** How many sessions of a group may run at once; `null` for no limit. */
  readonly groups: ReadonlyMap<string, number | null>
  readonly maxSessions: number | null
}

/** The options that `engine.yaml` sets for a session: its own before the defaults. */
export const fileOptions = (config: Config | null, session: string): OptionTexts => ({
  ...config?.defaults,
  ...config?.sessions.get(session)?.options,
})

const OFF = new Set(['', '0', 'false', 'no', 'off'])

/** `LOCK_DELAY=30s` and the like. An empty value is not set; a flag is on unless it says `0`, `false`, `no` or `off`. */
export const environmentOptions = (env: Readonly<Record<string, string | undefined>>): OptionTexts =>
  Object.fromEntries(
    (Object.keys(RUN_OPTIONS) as RunOptionKey[]).flatMap((key) => {
      const name = runOptionName(key)
      const text = env[environmentName(name)]
      if (text === undefined || text === '') return []
      const isFlag = RUN_OPTIONS[key].label === null
      const texts = !isFlag ? [text] : OFF.has(text.toLowerCase()) ? [] : ['']
      return [[name, texts]]
    }),
  )

/** @param option as on the command line */
export const environmentName = (option: string): string => `LOCK_${option.toUpperCase().replaceAll('-', '_')}`
