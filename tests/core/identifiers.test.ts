import { describe, expect, it } from 'vitest'
import { dropIdentifiers } from '../../src/core/identifiers.ts'
import { Novelty } from '../../src/core/novelty.ts'

/** The same series at each run. */
const randomly = (): ((below: number) => number) => {
  let state = 1
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const ALPHABETS = [
  ['base64', `${LETTERS}+/`, 32],
  ['Nano ID', `${LETTERS}_-`, 21],
  ['base62', LETTERS, 22],
] as const

const series = (alphabet: string, length: number): (() => string) => {
  const random = randomly()
  return () => Array.from({ length }, () => alphabet[random(alphabet.length)]).join('')
}

describe('an identifier', () => {
  it.each(ALPHABETS)('is known by its shape in nine of ten cases: %s', (_, alphabet, length) => {
    const next = series(alphabet, length)
    const known = Array.from({ length: 1000 }, () => dropIdentifiers(`job ${next()} waits`)).filter(
      (text) => text === 'job  waits',
    )
    expect(known.length).toBeGreaterThan(900)
  })

  it.each(ALPHABETS)('is nothing new in a line that had others before: %s', (_, alphabet, length) => {
    const next = series(alphabet, length)
    const novelty = new Novelty()
    const kinds = Array.from({ length: 500 }, () => novelty.observe(`token ${next()} was rejected\n`))
    expect(new Set(kinds.slice(20))).toEqual(new Set(['repeat']))
  })

  it.each(['<Task at 0x7f3a9c2e1b40> is pending', '<Task at 0x00000a> is pending'])(
    'is an address of memory: %s',
    (text) => {
      expect(dropIdentifiers(text)).toBe('<Task at > is pending')
    },
  )

  it.each([
    'src/components/UserProfile2/index',
    'python3-lib2to3/PatternGrammar3',
    'numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl',
    'x86_64-unknown-linux-gnu',
    'node_modules/react-dom/cjs/react-dom-client',
    'TestParseHTTP2FrameHeader',
    'libavcodec58_4.4.2-0ubuntu0',
    'com.example.OAuth2LoginConfigurer',
  ])('is no name: %s', (name) => {
    expect(dropIdentifiers(name)).toBe(name)
  })
})

describe('a name behind an identifier', () => {
  const HASHES = [
    'x2k9q7fzr41m8bvw0ad5s3hjl6npcgiy',
    'b7v1m4xk0z9q2c8f5r3w6a1sd0hjlpng',
    'k3j8s6d1f0q9w4z7x2c5v8b1n3mlpagh',
  ]
  const WORDS = ['openssl', 'readline', 'sqlite', 'ncurses', 'expat', 'gettext', 'pcre', 'perl']

  it('is new each time', () => {
    const novelty = new Novelty()
    const kinds = WORDS.map((word, index) =>
      novelty.observe(`copying path /nix/store/${HASHES[index % HASHES.length]}-${word} from the cache\n`),
    )
    expect(new Set(kinds)).toEqual(new Set(['new']))
  })
})
