/** Every verb, loaded, and command lines as they are read in front of it. */
import { type Arguments, parseArguments, parseRequest } from '../../src/cli/parse.ts'
import { loadVerbs, type NamedVerb, type Program } from '../../src/cli/verb.ts'
import { VERBS } from '../../src/verbs/index.ts'

export const ALL_VERBS: readonly NamedVerb[] = [
  ...(await loadVerbs(VERBS, 'engine')),
  ...(await loadVerbs(VERBS, 'lock')),
]

export const verbOf = (program: Program, name: string): NamedVerb => {
  const verb = ALL_VERBS.find((one) => one.program === program && one.name === name)
  if (verb === undefined) throw new Error(`${program} has no verb ${name}`)
  return verb
}

export type Parsed =
  | { readonly kind: 'arguments'; readonly args: Arguments }
  | { readonly kind: 'help'; readonly verb: string | null; readonly asked: boolean }
  | { readonly kind: 'version' }

export const parse = (program: Program, argv: readonly string[]): Parsed => {
  const request = parseRequest(VERBS, program, argv)
  if (request.kind !== 'verb') return request
  const args = parseArguments(verbOf(program, request.verb), request.words)
  return args === 'help' ? { kind: 'help', verb: request.verb, asked: true } : { kind: 'arguments', args }
}

/** @throws LockError `usage`, and an error when help is asked for */
export const parsedArguments = (program: Program, ...argv: readonly string[]): Arguments => {
  const parsed = parse(program, argv)
  if (parsed.kind !== 'arguments') throw new Error(`it is ${parsed.kind}`)
  return parsed.args
}
