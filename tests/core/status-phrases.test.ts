import { describe, expect, it } from 'vitest'
import { Novelty } from '../../src/core/novelty.ts'
import { statusForm } from '../../src/core/status-phrases.ts'

const NOUNS =
  'parser lexer buffer socket thread ledger catalog kernel driver router schema cursor bundle'.split(' ')
const VERBS = 'Pondering Tuning Asking Waking Feeding Counting Folding Chasing Painting Herding'.split(' ')
const PHRASES = VERBS.flatMap((verb) => NOUNS.map((noun) => `${verb} the ${noun}`)).slice(0, 127)
const GLYPHS = [...'⠋⠙⠹⠸⠼⠴']

/** A stream of pseudo-random numbers from 0 to 1: the same in every run. */
const random = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31
  return seed / 2 ** 31
}

const FRAMES = 6

type Draw = (glyph: string, phrase: string, seconds: number) => string

/** Ways in which programs draw a status line. */
const DRAWN: Readonly<Record<string, Draw>> = {
  'over the line': (glyph, phrase, seconds) => `\r\u001b[K${glyph} ${phrase}... (${seconds}s)`,
  'with a whole frame, line by line': (glyph, phrase, seconds) =>
    `\u001b[2K\u001b[1A\u001b[2K\u001b[G${glyph} ${phrase}… (esc to cancel, ${seconds}s)\n> Type your message\n`,
  'at a place of the screen': (glyph, phrase, seconds) =>
    `\u001b[20;1H${glyph} ${phrase} (${seconds}s)\u001b[K\u001b[22;1H> Type your message`,
  'without a glyph': (_, phrase, seconds) => `\r\u001b[2K${phrase}… ${seconds}s`,
}

/** One text for each phrase, of all its frames. */
const shownWith = (draw: Draw, phrases: Iterable<string>): readonly string[] =>
  [...phrases].map((phrase, index) =>
    Array.from({ length: FRAMES }, (_, frame) =>
      draw(GLYPHS[frame] ?? '', phrase, index * FRAMES + frame),
    ).join(''),
  )

const drawn = (count: number, seed: number): readonly string[] => {
  const next = random(seed)
  return Array.from({ length: count }, () => PHRASES[Math.floor(next() * PHRASES.length)] ?? '')
}

/** As a terminal of 80 columns has it. */
const wrapped = (words: readonly string[]): string =>
  words
    .join(' ')
    .match(/.{1,80}(?: |$)/g)
    ?.join('\n') ?? ''

/** How many texts have been seen when it is known to be a list; `null`: never. */
const untilKnown = (texts: readonly string[]): number | null => {
  const novelty = new Novelty()
  for (const [index, text] of texts.entries()) {
    novelty.observe(text)
    if (novelty.cycles) return index + 1
  }
  return null
}

describe.each(Object.entries(DRAWN))('a status line drawn %s', (_, draw) => {
  it.each([1, 2, 3, 4, 5])(
    'with phrases at random from a list of 127 is known within 60 of them (seed %d)',
    (seed) => {
      const known = untilKnown(shownWith(draw, drawn(200, seed)))
      expect(known).not.toBeNull()
      expect(known).toBeLessThanOrEqual(60)
    },
  )

  it('says nothing new from then on', () => {
    const novelty = new Novelty()
    for (const text of shownWith(draw, drawn(80, 7))) novelty.observe(text)
    const kinds = shownWith(draw, drawn(100, 8)).map((text) => novelty.observe(text))
    expect(new Set(kinds)).toEqual(new Set(['repeat']))
  })

  it('with a list in its order is known in its second round', () => {
    expect(untilKnown(shownWith(draw, [...PHRASES, ...PHRASES]))).toBeLessThanOrEqual(PHRASES.length + 16)
  })

  it('with what a program really does, one after the other, is no list', () => {
    const files = PHRASES.map((_, n) => `Compiling ${NOUNS[n % 13]} ${VERBS[Math.floor(n / 13)]}`)
    expect(untilKnown(shownWith(draw, files))).toBeNull()
  })

  it('is no list for a while of the same phrase', () => {
    expect(untilKnown(shownWith(draw, Array<string>(300).fill('Thinking')))).toBeNull()
  })
})

describe('a text that was not seen in a status line before', () => {
  const kindAfter = (first: string, second: string) => {
    const novelty = new Novelty()
    novelty.observe(`\r\u001b[K⠋ ${first}… (1s)\r`)
    return novelty.observe(`\r\u001b[K⠙ ${second}… (9s)\r`)
  }

  it.each([
    ['a template', 'Compiling parser', 'Compiling lexer'],
    ['a template of more words', 'Step 2 of the build: parser', 'Step 3 of the build: lexer'],
    ['a path', 'Thinking', 'Reading src/parser.ts'],
    ['a package', 'Thinking', 'Unpacking left-pad'],
    ['a name of code', 'Thinking', 'Renaming userName'],
  ])('says what is done: %s', (_, first, second) => {
    expect(kindAfter(first, second)).toBe('status')
  })

  it.each([
    ['Reticulating splines', "I'll be back with an answer"],
    ['Looking for a misplaced comma', 'Greasing the cogs of the machine'],
    ['Looking for an adult supervisor', 'Looking for my glasses again, one moment please'],
  ])('may come from a list: %s, %s', (first, second) => {
    expect(kindAfter(first, second)).toBe('phrase')
  })
})

describe('beside a list of phrases', () => {
  it('what is written elsewhere is new', () => {
    const novelty = new Novelty()
    const draw = DRAWN['over the line'] as Draw
    for (const text of shownWith(draw, drawn(80, 7))) novelty.observe(text)
    expect(novelty.cycles).toBe(true)
    expect(novelty.observe('\r\u001b[KI shall look at the parser first.\nThen at the lexer\n')).toBe('new')
    expect(novelty.observe('✓ reads a whole record (3s)\n')).toBe('new')
  })

  it('a text that grows in every frame is new, in each', () => {
    const novelty = new Novelty()
    const words = drawn(60, 3).join(' ').split(' ')
    const kinds = drawn(60, 9).map((phrase, n) =>
      novelty.observe(
        `\u001b[H\u001b[2J${wrapped(words.slice(0, n + 1))}\n\n${GLYPHS[n % 6]} ${phrase}… (${n}s)\n`,
      ),
    )
    expect(new Set(kinds)).toEqual(new Set(['new']))
  })
})

describe('an answer that is written word by word, over the line that it is on', () => {
  it('is new with every sentence, whatever of it was there before', () => {
    const novelty = new Novelty()
    const kinds: string[] = []
    for (let n = 0; n < 120; n += 1) {
      const sentence = `The ${NOUNS[n % 13]} ${VERBS[Math.floor(n / 13)]} the ${NOUNS[(n * 5) % 13]}`.split(
        ' ',
      )
      for (let words = 1; words <= sentence.length; words += 1) {
        const status = `\u001b[2B\r\u001b[2K${GLYPHS[words % 6]} Working... (${n}s)\u001b[2A`
        kinds[n] = novelty.observe(`\r\u001b[2K${sentence.slice(0, words).join(' ')}${status}`)
      }
      novelty.observe('\r\n')
    }
    expect(novelty.cycles).toBe(false)
    expect(kinds.filter((kind) => kind === 'new' || kind === 'status')).toHaveLength(120)
  })
})

describe('twenty tasks side by side', () => {
  it('are no list, though each is drawn again and again', () => {
    const novelty = new Novelty()
    for (let frame = 0; frame < 100; frame += 1) {
      const lines = PHRASES.slice(0, 20).map((phrase) => `${GLYPHS[frame % 6]} ${phrase} ${frame}s`)
      novelty.observe(`\u001b[20A${lines.join('\n')}\n`)
    }
    expect(novelty.cycles).toBe(false)
  })
})

describe('a screen of which only what has changed is drawn', () => {
  it('has no list, though its parts come back', () => {
    const novelty = new Novelty()
    const parts = [
      'a',
      'the',
      'Simmering…',
      '────────────────',
      'of',
      'ing',
      'Running…',
      'cb',
      'dc',
      'Working',
    ]
    const next = random(3)
    for (let n = 0; n < 2000; n += 1) {
      const part = parts[Math.floor(next() * parts.length)]
      novelty.observe(`\r\u001b[${1 + (n % 9)}A${part}\r\r\n\r\n\u001b[2C\u001b[3A`)
    }
    expect(novelty.cycles).toBe(false)
    expect(novelty.observe('\r\u001b[3Acompiled the parser\r\r\n')).not.toBe('repeat')
  })
})

describe('the form of a status line', () => {
  it.each([
    ['⠋ Installing lodash', false, 'glyph '],
    ['✻ Pondering… (12s · ↑ 1.2k tokens)', false, 'glyph clock '],
    ['Elapsed 1:23', false, 'clock '],
    ['Reticulating splines 3s', true, 'clock over'],
    ['Reticulating splines', true, null],
    ['Reticulating splines', false, null],
    ['✓ it works (12s)', true, null],
    ['error: not found', false, null],
  ])('%s', (piece, isOver, form) => {
    expect(statusForm(piece, isOver)).toBe(form)
  })
})

describe('what is drawn over and over', () => {
  const kinds = (...texts: readonly string[]) => {
    const novelty = new Novelty()
    novelty.observe('ready\n\u001b[5;1H> ')
    return texts.map((text) => novelty.observe(text))
  }

  it.each<[string, readonly string[]]>([
    ['a cursor that is shown and hidden', ['\u001b[?25h', '\u001b[?25l', '\u001b[?25h']],
    ['a block at a place', ['\u001b[5;3H█', '\u001b[5;3H ', '\u001b[5;3H█', '\u001b[5;3H ']],
    ['the same prompt', Array<string>(5).fill('\r\u001b[K> ')],
  ])('blinks: %s', (_, texts) => {
    // A block is a text once, and one drawing does not show that it comes again.
    expect(kinds(...texts).slice(2)).toEqual(texts.slice(2).map(() => 'blink'))
  })

  it('is a repetition with a spinner, a clock, or a line after the other', () => {
    const spinner = GLYPHS.map((glyph) => `\r${glyph} ready`)
    expect(kinds(...spinner)).toContain('repeat')
    expect(kinds(...[1, 2, 3, 4].map((n) => `\rready ${n}s`))).toContain('repeat')
    expect(kinds('\n', 'ready\n', 'ready\n')).toEqual(['repeat', 'repeat', 'repeat'])
  })
})
