/**
 * Puts an element into a JSON text, or takes one out, and leaves every other byte as it is: comments, order, layout.
 * jsonc-parser's own edits lay out the neighbours anew, and take comments out with an element.
 */
import type { Node } from 'jsonc-parser'

export type Library = typeof import('jsonc-parser')

const endOf = ({ offset, length }: Node): number => offset + length

/** Between two places, outside of comments; -1 for none. */
const commaBetween = (
  { createScanner }: Library,
  text: string,
  [start, end]: readonly [number, number],
): number => {
  const scanner = createScanner(text.slice(start, end), true)
  const COMMA = 5
  const END = 17
  for (let token = scanner.scan() as number; token !== END; token = scanner.scan() as number)
    if (token === COMMA) return start + scanner.getTokenOffset()
  return -1
}

const depthOf = (node: Node): number => {
  let depth = 0
  // A property is a node too, between an object and a value.
  for (let at: Node | undefined = node; at !== undefined; at = at.parent)
    if (at.type !== 'property') depth += 1
  return depth
}

const unitOf = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '

const laidOut = (value: unknown, unit: string, depth: number, eol: string): string =>
  JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${unit.repeat(depth)}`)

/** The end of what is before a closing bracket, without the white space. */
const contentEnd = (text: string, container: Node): number =>
  text.slice(0, endOf(container) - 1).trimEnd().length

/**
 * Puts an element last.
 *
 * @param container an object or a list @param key of an object's
 */
export const append = (
  library: Library,
  text: string,
  container: Node,
  { key, value }: { readonly key: string | null; readonly value: unknown },
): string => {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const unit = unitOf(text)
  const depth = depthOf(container)
  const last = container.children?.at(-1)
  const close = endOf(container) - 1
  const end = Math.max(contentEnd(text, container), container.offset + 1)
  const name = key === null ? '' : `${JSON.stringify(key)}: `
  const element = `${eol}${unit.repeat(depth)}${name}${laidOut(value, unit, depth, eol)}`
  const isOnOwnLine = text.slice(end, close).includes('\n')
  const tail = isOnOwnLine ? text.slice(end) : `${eol}${unit.repeat(depth - 1)}${text.slice(close)}`
  if (last === undefined) return `${text.slice(0, end)}${element}${tail}`
  // Where the last one has a comma, the new last one has one too.
  if (commaBetween(library, text, [endOf(last), close]) >= 0) return `${text.slice(0, end)}${element},${tail}`
  return `${text.slice(0, endOf(last))},${text.slice(endOf(last), end)}${element}${tail}`
}

/** Of a value in an object the property, with its name. */
const elementOf = (node: Node): Node => (node.parent?.type === 'property' ? node.parent : node)

/** Takes an element out, with the comma that it needs no more, and the line that it leaves empty. */
export const cut = (library: Library, text: string, node: Node): string => {
  const element = elementOf(node)
  const siblings = element.parent?.children ?? []
  const index = siblings.indexOf(element)
  const [before, after] = [siblings[index - 1], siblings[index + 1]]
  const close = element.parent === undefined ? text.length : endOf(element.parent) - 1
  const following = commaBetween(library, text, [endOf(element), after?.offset ?? close])
  const preceding =
    before === undefined || following >= 0 ? -1 : commaBetween(library, text, [endOf(before), element.offset])
  const end = following >= 0 ? following + 1 : endOf(element)
  const lead = text.slice(0, element.offset)
  const start = lead.replace(/[ \t]*$/, '').replace(/\r?\n$/, '').length
  const head =
    preceding < 0 ? text.slice(0, start) : text.slice(0, preceding) + text.slice(preceding + 1, start)
  return head + text.slice(end)
}
