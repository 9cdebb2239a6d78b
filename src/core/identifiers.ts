/**
 * Random identifiers in a text: hashes, UUIDs, keys, tokens, addresses of memory. They are dropped before texts are compared. Pure.
 *
 * An identifier is known by its shape alone, so one in twenty is taken for a name. {@link Identifiers} remembers the texts
 * around identifiers, and knows by them that there is another one.
 */

import { remember } from './bounded.ts'

/** Eight letters from a to f make no word. */
const HEX = /\b(?:0x[0-9a-f]+|(?=[0-9a-f-]*\d)[0-9a-f-]{6,}|[a-f]{8,})\b/gi

const WORDS = /[A-Za-z0-9]{8,}/g
/** A capital between small letters is how words are joined. */
const HUMP = /(?<=[a-z])[A-Z](?=[a-z])/g
const CHANGES = /\d(?=[A-Za-z])|[A-Za-z](?=\d)|[a-z](?=[A-Z])|[A-Z](?=[a-z])/g
const RANDOM_CHANGES = 4
const MIN_CHARACTERS = 14
const RUNS = /[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g
/** Characters of one kind in a row: 1.9 in random ones, more than three in names. */
const RANDOM_RUN = 2.2
const RANDOM_RUN_OF_ALL_KINDS = 3.2
const ALL_KINDS = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)/
const meanRun = (characters: string): number => characters.length / (characters.match(RUNS)?.length ?? 1)

/** `module17`: most words are such, and need no closer look. */
const PLAIN = /^(?:[A-Z]?[a-z]*|[A-Z]*)\d*$/

/** `x7Gq20b` changes between small letters, capitals and digits all the time; `userName` and `OAuth2Login` do it seldom. */
const isRandomWord = (word: string): boolean =>
  !PLAIN.test(word) &&
  meanRun(word) < RANDOM_RUN_OF_ALL_KINDS &&
  ((word.length >= MIN_CHARACTERS && ALL_KINDS.test(word)) || changesIn(word) >= RANDOM_CHANGES)

const changesIn = (word: string): number =>
  word.replace(HUMP, (capital) => capital.toLowerCase()).match(CHANGES)?.length ?? 0

/** With the other characters of base64 and of Nano ID: `8vAJLtKM+HZ1O7/Nya7qJ`. */
const TOKENS = /[A-Za-z0-9+/=_-]{16,}/g
const SEPARATORS = /[+/=_-]/
/** `-openssl-` is a part of a name, and so is `_README_`. */
const NAMES = /^(?:[A-Z]?[a-z]{3,}|[A-Z]{4,})$/
const MAX_SEPARATORS_SHARE = 0.2

const partsOf = (token: string): readonly string[] => token.split(SEPARATORS).filter((part) => part !== '')

const hasName = (token: string): boolean => partsOf(token).some((part) => NAMES.test(part))

const isPlain = (token: string): boolean => token.split(SEPARATORS).every((part) => PLAIN.test(part))

const isRandomToken = (token: string): boolean => {
  if (isPlain(token) || hasName(token)) return false
  const characters = partsOf(token).join('')
  const separators = token.length - characters.length
  if (characters.length < MIN_CHARACTERS || separators > MAX_SEPARATORS_SHARE * token.length) return false
  // The files of a path are often of all kinds together.
  const mayBeMixed = ALL_KINDS.test(characters) && !token.includes('/')
  return meanRun(characters) < (mayBeMixed ? RANDOM_RUN_OF_ALL_KINDS : RANDOM_RUN)
}

export const dropIdentifiers = (text: string): string =>
  text
    .replace(TOKENS, (token) => (isRandomToken(token) ? '' : token))
    .replace(HEX, '')
    .replace(WORDS, (word) => (isRandomWord(word) ? '' : word))

const CERTAIN_TEXTS = 3
/** For each text that has a name at that place, as in `/nix/store/HASH-openssl`. */
const CERTAIN_SHARE = 2
const MEMORY_TEXTS = 512

type Counts = { readonly certain: number; readonly others: number }

const namesOf = (token: string): string =>
  partsOf(token)
    .filter((part) => NAMES.test(part))
    .join('-')

/** What stood around long identifiers. */
export class Identifiers {
  readonly #texts = new Map<string, Counts>()

  /**
   * Once for each text.
   *
   * @param compared what is left of a text that is to be compared
   * @returns whether the text has a long word where nearly all texts like it have had an identifier
   */
  isKnownWithout(text: string, compared: (text: string) => string): boolean {
    const tokens = text.match(TOKENS)
    if (tokens === null || tokens.every(isPlain)) return false
    const isCertain = tokens.every(isRandomToken)
    const hasDropped = tokens.every((token) => dropIdentifiers(token) !== token)
    // `req_` before the identifier is a name, too. It stays the same.
    const isKnown = this.#seen(compared(text.replace(TOKENS, namesOf)), isCertain || hasDropped)
    return this.#seen(`without names: ${compared(text.replace(TOKENS, ''))}`, isCertain) || isKnown
  }

  /** @returns whether nearly all before it were certain */
  #seen(rest: string, isCertain: boolean): boolean {
    const { certain, others } = this.#texts.get(rest) ?? { certain: 0, others: 0 }
    const counts = isCertain ? { certain: certain + 1, others } : { certain, others: others + 1 }
    remember(this.#texts, rest, counts, MEMORY_TEXTS)
    return certain >= Math.max(CERTAIN_TEXTS, CERTAIN_SHARE * others)
  }
}
