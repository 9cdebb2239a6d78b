/**
 * argv → verb and options, strictly: what is not in the table is an error that names it.
 *
 * It is yargs' own parser. yargs itself, which costs 20 ms at start, is loaded for help only.
 */
import parser from 'yargs-parser'
import { errors, type LockError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { type OptionSpec, type Program, type VerbSpec, verbsOf } from './spec.ts'

export type Arguments = {
  readonly spec: VerbSpec
  readonly positionals: readonly string[]
  /** What follows `--`; `null` without a `--`. */
  readonly command: readonly string[] | null
  flag(name: string): boolean
  /** The words that would be parsed to the same again, but for these options. */
  without(...names: readonly string[]): readonly string[]
  /** `''` when an optional value was left out. */
  value(name: string): string | undefined
}

export type Parsed =
  | { readonly kind: 'arguments'; readonly args: Arguments }
  | { readonly kind: 'help'; readonly spec: VerbSpec | null; readonly asked: boolean }
  | { readonly kind: 'version' }

const CONFIGURATION = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'duplicate-arguments-array': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'strip-aliased': true,
} as const

const quoted = (text: string): string => JSON.stringify(printable(text))

const closest = (word: string, candidates: readonly string[]): string | undefined =>
  candidates.find((candidate) => candidate.startsWith(word) || word.startsWith(candidate)) ??
  candidates.find(
    (candidate) => candidate.length > 3 && sharedLetters(candidate, word) >= candidate.length - 1,
  )

const sharedLetters = (a: string, b: string): number => [...a].filter((letter) => b.includes(letter)).length

const unknown = (what: string, word: string, candidates: readonly string[], hint: string): LockError => {
  const near = closest(word.replace(/^-+/, ''), candidates)
  const suggestion = near === undefined ? '' : `; did you mean ${word.startsWith('-') ? '--' : ''}${near}?`
  return errors.usage(`${what} ${quoted(word)} is not known${suggestion}`, hint)
}

const helpOf = (spec: VerbSpec): string => `${spec.program}.sh ${spec.verb} --help`

const HELP: OptionSpec = { name: 'help', alias: 'h', describe: 'show help' }

const parseVerb = (spec: VerbSpec, argv: readonly string[]): Parsed => {
  const options = [...spec.options, HELP]
  // Split here: the parser forgets a -- that has nothing behind it, and `run NAME -- $UNSET` would go on with the last run.
  const end = argv.indexOf('--')
  const before = end < 0 ? argv : argv.slice(0, end)
  const command = end < 0 ? null : argv.slice(end + 1)
  // The parser keeps its own list under this key.
  const underscore = before.find((word) => /^-+_/.test(word))
  if (underscore !== undefined) throw unknown('option', underscore, [], helpOf(spec))
  const parsed = parser([...before], {
    string: options.filter((option) => option.value !== undefined).map((option) => option.name),
    boolean: options.filter((option) => option.value === undefined).map((option) => option.name),
    alias: Object.fromEntries(
      options.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, [alias]]])),
    ),
    configuration: CONFIGURATION,
  })
  // `-d_` is bundled, and says the same.
  if (!Array.isArray(parsed._)) throw unknown('option', '-_', [], helpOf(spec))
  if (parsed.help === true) return { kind: 'help', spec, asked: true }

  for (const key of Object.keys(parsed)) {
    if (key === '_' || options.some(({ name }) => name === key)) continue
    const word = key.length === 1 ? `-${key}` : `--${key}`
    throw unknown(
      'option',
      word,
      options.map(({ name }) => name),
      helpOf(spec),
    )
  }
  for (const { name, alias, value } of options) {
    if (value !== undefined) continue
    const given = before.find((word) => word.startsWith(`--${name}=`) || word.startsWith(`-${alias}=`))
    if (given !== undefined) throw errors.usage(`--${name} takes no value`, helpOf(spec))
  }
  for (const { name, value, optionalValue } of options) {
    if (value !== undefined && parsed[name] === '' && optionalValue !== true) {
      throw errors.usage(`--${name} needs a value (${value})`, helpOf(spec))
    }
  }

  const positionals = parsed._.map(String)
  if (command !== null && spec.takesCommand !== true) {
    throw errors.usage(`${spec.program}.sh ${spec.verb} takes no command`, helpOf(spec))
  }
  if (positionals.length > spec.positionals.length) {
    const extra = positionals.slice(spec.positionals.length).map(quoted).join(' ')
    throw errors.usage(
      `${extra} is one word too many`,
      spec.takesCommand === true
        ? `A command goes behind "--":  ${spec.program}.sh ${spec.verb} NAME -- COMMAND`
        : helpOf(spec),
    )
  }
  if (positionals.length < spec.positionals.filter((label) => !label.startsWith('[')).length) {
    throw errors.usage(`${spec.program}.sh ${spec.verb} needs a session name`, helpOf(spec))
  }
  return {
    kind: 'arguments',
    args: {
      spec,
      positionals,
      command,
      flag: (name) => parsed[name] === true,
      without: (...names) => [
        spec.verb,
        ...positionals,
        ...spec.options.flatMap(({ name }) => {
          if (names.includes(name) || parsed[name] === undefined || parsed[name] === false) return []
          return [parsed[name] === true ? `--${name}` : `--${name}=${parsed[name]}`]
        }),
        ...(command === null ? [] : ['--', ...command]),
      ],
      value: (name) => (typeof parsed[name] === 'string' ? parsed[name] : undefined),
    },
  }
}

/** @throws LockError `usage` */
export const parse = (program: Program, argv: readonly string[]): Parsed => {
  const [first, ...rest] = argv
  if (first === undefined) return { kind: 'help', spec: null, asked: false }
  const specs = verbsOf(program)
  if (['--help', '-h', 'help'].includes(first)) {
    return { kind: 'help', spec: specs.find(({ verb }) => verb === rest[0]) ?? null, asked: true }
  }
  if (['--version', '-V', 'version'].includes(first)) return { kind: 'version' }
  const spec = specs.find(({ verb }) => verb === first)
  if (spec === undefined) {
    throw unknown(
      `${program}.sh: the command`,
      first,
      specs.map(({ verb }) => verb),
      `Commands: ${specs.map(({ verb }) => verb).join(', ')}.  ${program}.sh --help`,
    )
  }
  return parseVerb(spec, rest)
}
