/** What a verb is. Each is one file in verbs/; nothing here knows any of them. */
import { parseWholeNumber } from '../core/option-kinds.ts'
import { checkSessionName } from '../core/session-name.ts'
import type { World } from '../world.ts'
import type { Arguments } from './parse.ts'
import { STDOUT, type Terminal, terminalOf, write } from './terminal.ts'

export type Program = 'engine' | 'lock'

/** An option in the terms of yargs, and what stands for its value in help. */
export type OptionSpec = {
  readonly type: 'string' | 'boolean'
  readonly alias?: string
  readonly describe: string
  /** Of a `string`: `D`, or `D|off`. Its lower-case words are completed. */
  readonly value?: string
  /** May be given several times. */
  readonly array?: boolean
  /** `false`: the value may be left out. */
  readonly requiresArg?: false
}

export type Options = Readonly<Record<string, OptionSpec>>

/** How this program was started, for those that start it again. */
export type Self = {
  readonly node: string
  readonly script: string
  /** The directory of the compiled program, with the helpers of a run. */
  readonly directory: string
}

export type Verb = {
  readonly describe: string
  /** `[X]` may be left out; `X...` takes all that follow. */
  readonly positionals: readonly string[]
  /** Takes `-- COMMAND [ARG...]`. */
  readonly takesCommand?: boolean
  /** What follows the first word is no option, whatever it begins with. */
  readonly takesText?: boolean
  readonly options: Options
  /** At least one. */
  readonly examples: readonly (readonly [command: string, purpose: string])[]
  /** @returns the exit code */
  run(world: World, args: Arguments, self: Self): number | Promise<number>
}

/** Verbs by name, loaded when they are asked for. One whose name begins with `__` is not shown. */
export type VerbTable = Readonly<
  Record<Program, Readonly<Record<string, () => Promise<{ readonly verb: Verb }>>>>
>

export type NamedVerb = Verb & { readonly program: Program; readonly name: string }

export const isShown = (name: string): boolean => !name.startsWith('__')

/** @param name one of the program's */
export const loadVerb = async (table: VerbTable, program: Program, name: string): Promise<NamedVerb> => {
  const load = table[program][name]
  if (load === undefined) throw new Error(`${program} has no verb ${name}`)
  return { ...(await load()).verb, program, name }
}

/** All that are shown, in the order of the table. */
export const loadVerbs = (table: VerbTable, program: Program): Promise<readonly NamedVerb[]> =>
  Promise.all(
    Object.keys(table[program])
      .filter(isShown)
      .map((name) => loadVerb(table, program, name)),
  )

export const JSON_OPTION: OptionSpec = { type: 'boolean', describe: 'print JSON' }

/** @throws LockError `usage` when it is no session name */
export const nameOf = (args: Arguments): string => checkSessionName(args.positionals[0] ?? '')
export const optionalNameOf = (args: Arguments): string | undefined =>
  args.positionals[0] === undefined ? undefined : checkSessionName(args.positionals[0])

/** A whole number; `null` when it was not given. @throws LockError `usage` naming the option */
export const numberOption = (args: Arguments, name: string, min: 0 | 1): number | null => {
  const text = args.value(name)
  return text === undefined ? null : parseWholeNumber(text, `--${name}`, min)
}

export const print = (text: string): void => write(STDOUT, text)
export const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 1)}\n`)
export const stdout = (world: World): Terminal => terminalOf(STDOUT, world.env)
