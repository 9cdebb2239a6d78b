/** From the text of `engine.yaml` to what it says. Loaded, with its packages, only where there is such a file. */
import { resolve } from 'node:path'
import type * as Yaml from 'yaml'
import en from 'zod/v4/locales/en.js'
import type { Config, OptionTexts, SessionConfig } from '../core/config.ts'
import { errors, type LockError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { printable } from '../core/printable.ts'
import { RUN_OPTIONS, type RunOptionKey } from '../core/run-options.ts'
import type { ConfigFile } from './find.ts'
import { type ConfigInput, configSchema, OPTION_KEYS, type SessionInput, textsOf } from './schema.ts'

type YamlModule = typeof Yaml
type Path = readonly PropertyKey[]

/** Where the key of `path` stands, or else the nearest that is above it; 0 for the whole file. */
const offsetOf = (yaml: YamlModule, document: Yaml.Document, path: Path): number => {
  let node: unknown = document.contents
  let offset = 0
  for (const key of path) {
    if (yaml.isAlias(node)) node = node.resolve(document)
    if (yaml.isSeq(node)) {
      node = node.items[Number(key)]
      if (yaml.isNode(node)) offset = node.range?.[0] ?? offset
      continue
    }
    if (!yaml.isMap(node)) return offset
    const pair = node.items.find(
      (item) => String(yaml.isScalar(item.key) ? item.key.value : item.key) === String(key),
    )
    if (pair === undefined) return offset
    if (yaml.isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
    node = pair.value
  }
  return offset
}

type Issue = {
  readonly code?: string
  readonly path: Path
  readonly message: string
  readonly keys?: readonly string[]
  /** Of a union: what each of its members says. */
  readonly errors?: readonly (readonly Issue[])[]
  readonly issues?: readonly Issue[]
}

/** The keys that may stand in the map at `path`. */
const knownKeys = (path: Path): readonly string[] => {
  const [first, , ...rest] = path
  if (first === undefined) return ['defaults', 'sessions', 'groups', 'max_sessions', 'notify']
  if (first === 'defaults') return OPTION_KEYS
  if (first === 'groups') return ['max_sessions']
  return rest.length === 0 ? ['command', 'cwd', 'env', 'group', ...OPTION_KEYS] : []
}

const describeIssue = ({ code, path, message, keys, errors: members, issues }: Issue): string => {
  if (code === 'unrecognized_keys') {
    const known = knownKeys(path)
    const near = nearest(String(keys?.[0]).replaceAll('-', '_'), known)
    return near === undefined
      ? `this key is not known; known are ${known.join(', ')}`
      : `this key is not known; did you mean ${near}?`
  }
  if (code === 'invalid_key') return issues?.[0]?.message ?? message
  // A value of none of the types that are allowed: each member says the same.
  const special = members?.flat().find((issue) => issue.code === 'custom')
  return special?.message ?? inWords(message.replace(/^Invalid input: /, ''), path)
}

/** What the package says of limits, and of values of no allowed type, in words of this program. */
const inWords = (message: string, path: Path): string => {
  if (/received undefined$/.test(message)) return 'it is missing'
  if (message === 'expected int, received number' || /^Too small: expected number/.test(message))
    return 'it takes a whole number above 0'
  if (message !== 'Invalid input') return message
  const option = RUN_OPTIONS[String(path.at(-1)) as RunOptionKey] as { readonly isList: boolean } | undefined
  return `it takes a text or a number${option?.isList === true ? ', or a list of them' : ''}`
}

/** The first one; but a key that is wrong before one that is missing for just that reason. */
const firstIssue = (issues: readonly Issue[]): Issue | undefined => {
  const [first] = issues
  if (first === undefined || !/received undefined$/.test(first.message)) return first
  const parent = describePath(first.path.slice(0, -1))
  const wrong = issues.find(({ code, path }) => code === 'unrecognized_keys' && describePath(path) === parent)
  return wrong ?? first
}

const describePath = (path: Path): string => printable(path.map(String).join('.'))

/** Only what is wrong first: what follows is often its consequence. */
const configError = (path: string, line: number, at: Path, message: string): LockError => {
  const key = at.length === 0 ? '' : `: ${describePath(at)}`
  return errors.configuration(`${path}:${line}${key}`, printable(message), 'The keys: README, "engine.yaml".')
}

const home = (path: string, env: Readonly<Record<string, string | undefined>>): string =>
  path === '~' || path.startsWith('~/') ? `${env.HOME ?? '~'}${path.slice(1)}` : path

const NO_OPTIONS = new Set(['command', 'cwd', 'env', 'group'])

const optionTexts = (input: Readonly<Record<string, unknown>>): OptionTexts =>
  Object.fromEntries(
    Object.entries(input)
      .filter(([key, value]) => !NO_OPTIONS.has(key) && value !== undefined)
      .map(([key, value]) => [key.replaceAll('_', '-'), textsOf(value)]),
  )

export type ConfigContext = { readonly env: Readonly<Record<string, string | undefined>> }

const sessionOf = (file: ConfigFile, input: SessionInput, { env }: ConfigContext): SessionConfig => {
  const { command } = input
  return {
    command:
      command === undefined
        ? null
        : typeof command === 'string'
          ? ['sh', '-c', command]
          : command.map(String),
    cwd: resolve(file.directory, home(input.cwd ?? '.', env)),
    env: Object.fromEntries(Object.entries(input.env ?? {}).map(([name, value]) => [name, String(value)])),
    group: input.group ?? null,
    options: optionTexts(input),
  }
}

const toConfig = (file: ConfigFile, input: ConfigInput, context: ConfigContext): Config => ({
  path: file.path,
  directory: file.directory,
  defaults: {
    ...(input.notify === undefined ? {} : { notify: [input.notify] }),
    ...optionTexts(input.defaults ?? {}),
  },
  sessions: new Map(
    Object.entries(input.sessions ?? {}).map(([name, session]) => [
      name,
      sessionOf(file, session ?? {}, context),
    ]),
  ),
  groups: new Map(
    Object.entries(input.groups ?? {}).map(([name, group]) => [name, group.max_sessions ?? null]),
  ),
  maxSessions: input.max_sessions ?? null,
})

/** @throws LockError `configuration` with file, line and key */
export const parseConfig = async (file: ConfigFile, context: ConfigContext): Promise<Config> => {
  const [yaml, z] = await Promise.all([import('yaml'), import('zod/mini')])
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(file.text, { lineCounter: lines, prettyErrors: false, merge: true })
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const [syntax] = document.errors
  if (syntax !== undefined) throw configError(file.path, lineOf(syntax.pos[0]), [], syntax.message)
  const fail = (path: Path, message: string): LockError =>
    configError(file.path, lineOf(offsetOf(yaml, document, path)), path, message)
  let value: unknown
  try {
    value = document.toJS() ?? {}
  } catch (error) {
    // Aliases of aliases of aliases: the package refuses to resolve so many.
    throw configError(file.path, 1, [], error instanceof Error ? error.message : String(error))
  }
  const result = configSchema(z).safeParse(value, { error: en().localeError })
  if (!result.success) {
    const issue = firstIssue(result.error.issues as readonly Issue[]) as Issue
    const at = issue.code === 'unrecognized_keys' ? [...issue.path, String(issue.keys?.[0])] : issue.path
    throw fail(at, describeIssue(issue))
  }
  for (const [name, session] of Object.entries(result.data.sessions ?? {})) {
    const group = session?.group
    if (group !== undefined && result.data.groups?.[group] === undefined)
      throw fail(['sessions', name, 'group'], `there is no group ${group} under groups`)
  }
  return toConfig(file, result.data, context)
}
