/**
 * The one definition of `engine.yaml`: what is checked when it is read, and the JSON Schema that editors use
 * (`engine.schema.json`). The options of `run` come from core/run-options.ts.
 */
import type * as Zod from 'zod/mini'
import { LockError } from '../core/errors.ts'
import { COUNT_OR_INF, FLAG, INTERVAL, type OptionKind } from '../core/option-kinds.ts'
import { RUN_OPTIONS, type RunOptionKey } from '../core/run-options.ts'
import { isSessionName } from '../core/session-name.ts'

export type Z = typeof Zod

type Value = string | number | boolean

export type SessionInput = Readonly<Record<string, unknown>> & {
  readonly command?: string | readonly (string | number)[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, Value>>
  readonly group?: string
}

export type ConfigInput = {
  readonly defaults?: Readonly<Record<string, unknown>>
  readonly sessions?: Readonly<Record<string, SessionInput | null>>
  readonly groups?: Readonly<Record<string, { readonly max_sessions?: number }>>
  readonly max_sessions?: number
  readonly notify?: string
}

type Option = Pick<OptionKind<unknown>, 'label' | 'isList' | 'parse'> & { readonly describe: string }

/** `true` waits for ever. */
const WAIT: Option = {
  ...(INTERVAL as OptionKind<unknown>),
  describe: 'wait for what others hold: session, place, exclusive path',
}

/** The options of `run` that its record does not keep. */
const OTHER_OPTIONS: Readonly<Record<string, Option>> = {
  iterations: { ...(COUNT_OR_INF as OptionKind<unknown>), describe: 'how many iterations' },
  force: { ...(FLAG as OptionKind<unknown>), describe: 'take the session from its owner' },
  resume: { ...(FLAG as OptionKind<unknown>), describe: 'continue the unfinished run' },
  fresh: { ...(FLAG as OptionKind<unknown>), describe: 'start at iteration 1' },
  detach: { ...(FLAG as OptionKind<unknown>), describe: 'in a new tmux session' },
  wait: WAIT,
}

const optionOf = (key: string): Option =>
  OTHER_OPTIONS[key] ?? (RUN_OPTIONS[key as RunOptionKey] as OptionKind<unknown> & Option)

export const OPTION_KEYS: readonly string[] = [...Object.keys(OTHER_OPTIONS), ...Object.keys(RUN_OPTIONS)]

/** What would be given on the command line. `[]`: a flag that is switched off. */
export const textsOf = (value: unknown): readonly string[] => {
  if (value === false) return []
  if (value === true) return ['']
  return Array.isArray(value) ? value.map(String) : [String(value)]
}

/** The message of the command line's own check, without the name of the option, which the path has already. */
const complaint = (key: string, value: unknown): string | null => {
  try {
    optionOf(key).parse(textsOf(value), key)
    return null
  } catch (error) {
    if (error instanceof LockError) return error.message
    throw error
  }
}

const optionSchema = (z: Z, key: string): Zod.ZodMiniType => {
  const { label, isList, describe } = optionOf(key)
  const text = z.union([z.string(), z.number()])
  const type =
    label === null
      ? z.boolean()
      : isList
        ? z.union([text, z.array(text)])
        : key === 'wait'
          ? z.union([z.literal(true), text])
          : text
  const checked = (type as Zod.ZodMiniType).check((context) => {
    if (typeof context.value === 'boolean') return
    const message = complaint(key, context.value)
    if (message !== null) context.issues.push({ code: 'custom', message, input: context.value })
  })
  return described(z, describe, checked)
}

/** In help for editors. */
const described = <Type extends Zod.ZodMiniType>(z: Z, description: string, type: Type): Type => {
  z.globalRegistry.add(type, { description })
  return type
}

const options = (z: Z): Record<string, Zod.ZodMiniType> =>
  Object.fromEntries(OPTION_KEYS.map((key) => [key, z.optional(optionSchema(z, key))]))

const limit = (z: Z) => z.number().check(z.int(), z.gte(1))

const names = (z: Z, what: string) =>
  z.string().check(
    z.refine(isSessionName, {
      error: `${what} has 1 to 64 letters, digits, "-" and "_", and begins with a letter or digit`,
    }),
  )

const environment = (z: Z) =>
  z.record(
    z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'this is not the name of a variable' })),
    z.union([z.string(), z.number(), z.boolean()]),
  )

const session = (z: Z) =>
  z.strictObject({
    command: z.optional(
      described(
        z,
        'a command for sh -c, or a list of words that is run without a shell',
        z.union([
          z.string().check(z.minLength(1)),
          z.array(z.union([z.string(), z.number()])).check(z.minLength(1)),
        ]),
      ),
    ),
    cwd: z.optional(
      described(
        z,
        'the working directory, from that of this file; default: that of this file',
        z.string().check(z.minLength(1)),
      ),
    ),
    env: z.optional(described(z, 'added to the environment of the command', environment(z))),
    group: z.optional(described(z, 'one of groups', names(z, 'the name of a group'))),
    ...options(z),
  })

export const configSchema = (z: Z): Zod.ZodMiniType<ConfigInput> =>
  z.strictObject({
    defaults: z.optional(described(z, 'options for all sessions', z.strictObject(options(z)))),
    sessions: z.optional(
      described(
        z,
        'what `engine.sh run NAME` needs, by NAME',
        z.record(names(z, 'the name of a session'), z.nullable(session(z))),
      ),
    ),
    groups: z.optional(
      described(
        z,
        'limits for sessions that name a group',
        z.record(names(z, 'the name of a group'), z.strictObject({ max_sessions: limit(z) })),
      ),
    ),
    max_sessions: z.optional(described(z, 'how many sessions of the lock directory run at once', limit(z))),
    notify: z.optional(
      described(z, 'a command that is run on events of every session', z.string().check(z.minLength(1))),
    ),
  }) as unknown as Zod.ZodMiniType<ConfigInput>

/** For editors, as the text of `engine.schema.json`. */
export const jsonSchema = (z: Z): string =>
  `${JSON.stringify({ ...z.toJSONSchema(configSchema(z), { io: 'input', unrepresentable: 'any' }), title: 'engine.yaml of tmux-session-lock' }, null, 2)}\n`
