/** What may follow the words of a command line that is being typed; a shell's script asks for it. */
import {
  isShown,
  loadVerb,
  loadVerbs,
  type NamedVerb,
  type OptionSpec,
  type Program,
  type VerbTable,
} from './verb.ts'

export type Candidate = { readonly word: string; readonly describe: string }

export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  /** What follows the first words is a command of its own. */
  | { readonly kind: 'command'; readonly after: number }

export type Typed = {
  readonly program: Program
  /** What was typed behind the program's name. bash makes a word of its own of every `=`. */
  readonly words: readonly string[]
  /** The word that is being typed, possibly empty. */
  readonly current: string
}

type Option = readonly [name: string, spec: OptionSpec]
type ListSessions = () => readonly Candidate[]

const NOTHING: Completion = { kind: 'words', candidates: [] }

const plain = (words: readonly string[]): readonly Candidate[] =>
  words.map((word) => ({ word, describe: '' }))

/** The words that a value may be, as help shows them: `off` of `D|off`. */
const choicesOf = (label: string): readonly string[] =>
  label
    .replace(/[[\]]|\.\.\./g, '')
    .split('|')
    .filter((word) => /^[a-z][a-z-]*$/.test(word))

const optionsOf = (verb: NamedVerb): readonly Option[] => [
  ...Object.entries(verb.options),
  ['help', { type: 'boolean', describe: 'show help' }],
]

const spellings = ([name, { alias }]: Option): readonly string[] =>
  alias === undefined ? [`--${name}`] : [`-${alias}`, `--${name}`]

const takesValue = ([, { type, requiresArg }]: Option): boolean => type === 'string' && requiresArg !== false

const completeValue = (label: string, prefix = ''): Completion =>
  /^(?:PATH|FILE|DIR)\b/.test(label)
    ? { kind: 'files' }
    : { kind: 'words', candidates: plain(choicesOf(label).map((word) => prefix + word)) }

type Position = {
  /** The option whose value is being typed. */
  readonly open: Option | undefined
  readonly positionals: number
  /** Where the words of a command begin. */
  readonly commandAfter: number | null
}

const positionOf = (verb: NamedVerb, words: readonly string[]): Position => {
  const options = optionsOf(verb)
  let open: Option | undefined
  let positionals = 0
  for (const [index, word] of words.entries()) {
    if (word === '=') continue
    if (word === '--' && verb.takesCommand === true) return { open, positionals, commandAfter: index + 1 }
    if (open !== undefined) open = undefined
    else if (word.startsWith('-'))
      open = options.find((option) => takesValue(option) && spellings(option).includes(word))
    else positionals += 1
  }
  return { open, positionals, commandAfter: null }
}

const completeOptions = (verb: NamedVerb): readonly Candidate[] => [
  ...optionsOf(verb).flatMap((option) =>
    spellings(option).map((word) => ({ word, describe: option[1].describe })),
  ),
  ...(verb.takesCommand === true ? [{ word: '--', describe: 'the command' }] : []),
]

const completeVerb = (verb: NamedVerb, { words, current }: Typed, listSessions: ListSessions): Completion => {
  const { open, positionals, commandAfter } = positionOf(verb, words.slice(1))
  if (commandAfter !== null) return { kind: 'command', after: commandAfter + 1 }
  if (open !== undefined) return completeValue(open[1].value ?? '')
  const [name, value] = current.split('=', 2)
  const given = optionsOf(verb).find(
    (option) => value !== undefined && spellings(option).includes(name ?? ''),
  )
  if (given !== undefined) return completeValue(given[1].value ?? '', `${name}=`)
  const last = verb.positionals.at(-1)
  const label = verb.positionals[positionals] ?? (last?.includes('...') === true ? last : undefined)
  if (current.startsWith('-') || label === undefined)
    return { kind: 'words', candidates: completeOptions(verb) }
  return label.includes('NAME') ? { kind: 'words', candidates: listSessions() } : completeValue(label)
}

const completeUnfiltered = async (
  table: VerbTable,
  typed: Typed,
  listSessions: ListSessions,
): Promise<Completion> => {
  const { program, words } = typed
  const [first] = words
  if (first === undefined || (first === 'help' && words.length === 1)) {
    const verbs = await loadVerbs(table, program)
    const candidates = verbs.map(({ name, describe }) => ({ word: name, describe }))
    const more = first === undefined ? plain(['--help', '--version']) : []
    return { kind: 'words', candidates: [...candidates, ...more] }
  }
  if (!isShown(first) || !Object.hasOwn(table[program], first)) return NOTHING
  return completeVerb(await loadVerb(table, program, first), typed, listSessions)
}

export const complete = async (
  table: VerbTable,
  typed: Typed,
  listSessions: ListSessions,
): Promise<Completion> => {
  // bash: --for=free is "--for", "=", "free".
  const current = typed.current === '=' ? '' : typed.current
  const completion = await completeUnfiltered(table, { ...typed, current }, listSessions)
  if (completion.kind !== 'words') return completion
  return {
    kind: 'words',
    candidates: completion.candidates.filter(({ word }) => word.startsWith(current)),
  }
}
