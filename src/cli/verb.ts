/** What every verb is, and what they share. */
import { checkSessionName } from '../core/session-name.ts'
import type { World } from '../world.ts'
import type { Arguments } from './parse.ts'
import { STDOUT, type Terminal, terminalOf, write } from './terminal.ts'

/** How this program was started, for those that start it again. */
export type Self = {
  readonly node: string
  readonly script: string
  /** The compiled helpers of a run. */
  readonly scripts: { readonly refresher: string; readonly recorder: string }
}

/** @returns the exit code */
export type Run = (world: World, args: Arguments, self: Self) => number | Promise<number>

export const nameOf = (args: Arguments): string => checkSessionName(args.positionals[0] ?? '')
export const optionalNameOf = (args: Arguments): string | undefined =>
  args.positionals[0] === undefined ? undefined : checkSessionName(args.positionals[0])

export const print = (text: string): void => write(STDOUT, text)
export const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 1)}\n`)
export const stdout = (world: World): Terminal => terminalOf(STDOUT, world.env)
