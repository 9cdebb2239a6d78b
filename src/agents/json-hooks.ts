/**
 * Hooks in an agent's settings, which are JSON, often with comments: what is put in is found again by its mark, and
 * everything else stays as it is, to the byte.
 */
import type { JSONPath, Node, ParseError } from 'jsonc-parser'
import { MARK } from '../core/agents/hook-command.ts'
import { append, cut, type Library } from './json-edit.ts'
import { settingsError } from './settings-error.ts'

export type WantedHooks = {
  readonly path: string
  /** An event, and which of its kinds; `''` for all. */
  readonly events: readonly (readonly [event: string, matcher: string])[]
  /** In the agent's own unit. */
  readonly timeout: number
  readonly command: string
}

const load = (): Promise<Library> => import('jsonc-parser')

const EMPTY = '{}\n'

const parse = ({ parseTree, printParseErrorCode }: Library, path: string, text: string): Node => {
  const problems: ParseError[] = []
  const root = parseTree(text, problems, { allowTrailingComma: true })
  const [first] = problems
  if (first !== undefined)
    throw settingsError(path, text, first.offset, `it is no JSON (${printParseErrorCode(first.error)})`)
  if (root?.type !== 'object') throw settingsError(path, text, root?.offset ?? 0, 'an object is expected')
  return root
}

const childOf = (library: Library, node: Node | undefined, ...path: JSONPath): Node | undefined =>
  node === undefined ? undefined : library.findNodeAtLocation(node, path)

const expectType = (path: string, text: string, node: Node | undefined, type: Node['type']): void => {
  if (node !== undefined && node.type !== type)
    throw settingsError(
      path,
      text,
      node.offset,
      `here ${type === 'array' ? 'a list' : 'an object'} is expected`,
    )
}

const isOurs = (library: Library, hook: Node): boolean => {
  const command: unknown = childOf(library, hook, 'command')?.value
  return typeof command === 'string' && command.endsWith(`# ${MARK}`)
}

/** The places of our hooks, the last first, so that to remove one moves no other. */
const ourPlaces = (library: Library, root: Node): readonly JSONPath[] => {
  const hooks = childOf(library, root, 'hooks')
  if (hooks?.type !== 'object') return []
  return (hooks.children ?? [])
    .flatMap(({ children: [key, groups] = [] }) =>
      (groups?.type === 'array' ? (groups.children ?? []) : []).flatMap((group, index) =>
        (childOf(library, group, 'hooks')?.children ?? []).flatMap((hook, place): JSONPath[] =>
          isOurs(library, hook) ? [['hooks', String(key?.value), index, 'hooks', place]] : [],
        ),
      ),
    )
    .reverse()
}

/** Has become empty with our hook: a group without hooks, an event without groups, `hooks` without events. */
const isUseless = (library: Library, node: Node, depth: number): boolean => {
  if (depth === GROUP_DEPTH) return (childOf(library, node, 'hooks')?.children ?? []).length === 0
  return node.children?.length === 0
}

/** `hooks`, event, group, `hooks`, place. */
const GROUP_DEPTH = 3

const removeAt = (library: Library, path: string, text: string, place: JSONPath): string => {
  let current = text
  for (let depth = place.length; depth > 0; depth -= 1) {
    // The group's own list goes with the group.
    if (depth === GROUP_DEPTH + 1) continue
    const node = childOf(library, parse(library, path, current), ...place.slice(0, depth))
    if (node === undefined || (depth < place.length && !isUseless(library, node, depth))) break
    current = cut(library, current, node)
  }
  return current
}

/** @throws LockError `configuration` with file and line for what is no JSON */
export const withoutHooks = async (path: string, text: string): Promise<string> => {
  const library = await load()
  let current = text
  for (const place of ourPlaces(library, parse(library, path, text)))
    current = removeAt(library, path, current, place)
  return current
}

const withGroup = (
  library: Library,
  path: string,
  text: string,
  { event, group }: { readonly event: string; readonly group: unknown },
): string => {
  const root = parse(library, path, text)
  const hooks = childOf(library, root, 'hooks')
  expectType(path, text, hooks, 'object')
  const groups = childOf(library, root, 'hooks', event)
  expectType(path, text, groups, 'array')
  if (groups !== undefined) return append(library, text, groups, { key: null, value: group })
  if (hooks !== undefined) return append(library, text, hooks, { key: event, value: [group] })
  return append(library, text, root, { key: 'hooks', value: { [event]: [group] } })
}

/** @param text `null` for no file @throws LockError `configuration` with file and line */
export const withHooks = async (wanted: WantedHooks, text: string | null): Promise<string> => {
  const { path, events, timeout, command } = wanted
  const library = await load()
  const isNothing = text === null || text.trim() === ''
  let current = isNothing ? EMPTY : await withoutHooks(path, text)
  for (const [event, matcher] of events) {
    const group = {
      ...(matcher === '' ? {} : { matcher }),
      hooks: [{ type: 'command', command, timeout }],
    }
    current = withGroup(library, path, current, { event, group })
  }
  return text !== null && !isNothing && isSameHooks(library, text, current) ? text : current
}

/** Then nothing is to be done, wherever in the lists they stand. */
const isSameHooks = (library: Library, before: string, after: string): boolean =>
  JSON.stringify(library.parse(before)) === JSON.stringify(library.parse(after))
