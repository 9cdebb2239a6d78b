import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNewText, Novelty } from '../../src/core/novelty.ts'
import type { TextKind } from '../../src/core/status-phrases.ts'

const isNew = (kind: TextKind): boolean => kind === 'new' || kind === 'status'

/** Which of these, seen one after the other, were new. */
const newAmong = (...calls: readonly string[]): readonly boolean[] => {
  const novelty = new Novelty()
  return calls.map((call) => isNew(novelty.observe(call)))
}

describe('text that was seen before', () => {
  it.each([
    ['the same line', 'connection refused\n', 'connection refused\n'],
    ['another count', 'attempt 17: connection refused\n', 'attempt 18: connection refused\n'],
    [
      'another time',
      '[2026-11-22T23:59:59.999Z] still waiting\n',
      '[2026-11-23T00:00:00.000Z] still waiting\n',
    ],
    ['another duration', 'waited 9s for the lock\n', 'waited 10s for the lock\n'],
    ['a duration in other units', 'waited 59s for the lock\n', 'waited 1m 0s for the lock\n'],
    ['a count in other units', 'used 950 tokens\n', 'used 1.2k tokens\n'],
    ['another colour', '\u001b[31mfailed\u001b[0m again\n', '\u001b[1;38;5;196mfailed\u001b[m again\n'],
    ['another title', '\u001b]0;⠋ one\u0007ready\n', '\u001b]2;⠙ two\u001b\\ready\n'],
    ['other white space', 'a  table   row\n', 'a table row\r\n'],
    ['a step to the right instead of spaces', 'a table row\n', 'a\u001b[1Ctable\u001b[Crow\n'],
    ['another braille glyph', '⠋ thinking\r', '⠹ thinking\r'],
    ['another line of a twirl', '| loading\r', '/ loading\r'],
    ['another moon', '🌑 loading\r', '🌔 loading\r'],
    ['dots that come one by one', '.   Thinking (1s)\r', '...   Thinking (2s)\r'],
    ['another star', '✻ Herding… (12s · esc to interrupt)\r', '✶ Herding… (13s · esc to interrupt)\r'],
    [
      'another UUID',
      'request 7f9c24e8-3b12-4c77-9f5a-0d2f1b6c8e90 failed\n',
      'request 123e4567-e89b-42d3-a456-426614174000 failed\n',
    ],
    ['another hash without a digit', 'request eedafdcc failed\n', 'request dbaebbec failed\n'],
    ['another hash', 'at commit 9f8a7d6 it fails\n', 'at commit 01ab2c3 it fails\n'],
    [
      'another random identifier',
      'overloaded (req_011CQx7Gq20bVt4Zk9Lm)\n',
      'overloaded (req_011CQzzT4b8Ka2Pw6Rn1)\n',
    ],
    [
      'a slash in another token',
      'token 8vAJLtKMHZ1O7Nya7/9JUXM2QZq5v was rejected\n',
      'token kRAuQpSFneyMlc7a38/9y6unOrNLXJR was rejected\n',
    ],
    ['the same fraction', 'copying 45 % done\r', 'copying 45 % done\r'],
    ['a smaller fraction', 'copying 45 % done\r', 'copying 12 % done\r'],
    ['the same part of a whole', '12/80 files done\r', '12/80 files done\r'],
    ['the line that it was the beginning of', 'downloading the world\n', 'downloading the'],
    ['nothing', 'anything\n', ''],
    ['an empty line', 'anything\n', '\n\r\n'],
    ['digits alone', 'anything\n', '1234\n'],
  ])('is not new with %s', (_, first, second) => {
    expect(newAmong(first, second)).toEqual([true, false])
  })

  it('is not new in another order', () => {
    expect(newAmong('a failed\nb failed\nc failed\n', 'c failed\na failed\nb failed\n')).toEqual([
      true,
      false,
    ])
  })

  it('is not new when a full-screen program draws it anew, wherever it goes', () => {
    const draw = (row: number, glyph: string): string =>
      `\u001b[?25l\u001b[${row};1H\u001b[2K${glyph} Working\u001b[${row + 1};4Hesc to interrupt\u001b[?25h`
    // An open line may be new once more when it has become a whole one.
    const calls = newAmong(draw(1, '⠋'), draw(2, '⠙'), draw(30, '⠹'), draw(4, '⠸'))
    expect(calls.slice(2)).toEqual([false, false])
  })

  it.each([
    ['saved and put back (DEC)', '\u001b7⠋ Working on it\u001b8'],
    ['saved and put back (ANSI)', '\u001b[s⠋ Working on it\u001b[u'],
    ['up a line', '⠋ Working on it\u001bM'],
    ['to the first column', '\u001b[G⠋ Working on it'],
    ['back by backspaces', `⠋ Working on it${'\b'.repeat(15)}`],
  ])('is not new drawn over itself, the cursor %s', (_, spinner) => {
    const calls = newAmong(...Array.from({ length: 20 }, () => spinner))
    expect(calls.slice(2)).toEqual(Array(18).fill(false))
  })

  it('is known by random identifiers of twenty characters and more in all but one of fifty lines', () => {
    const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    let state = 1
    const letter = (): string => {
      state = (state * 48_271) % 2_147_483_647
      return alphabet[state % alphabet.length] ?? ''
    }
    const lines = Array.from(
      { length: 1000 },
      () => `overloaded, request req_${Array.from({ length: 20 }, letter).join('')}, trying again\n`,
    )
    expect(newAmong(...lines).filter((isNew) => isNew).length).toBeLessThan(20)
  })
})

describe('a screen that is drawn anew in parts', () => {
  /** As after `\u001b[?1049h`, with a row that says what the program does. */
  const screen = (): Novelty => {
    const novelty = new Novelty()
    novelty.resize({ columns: 60, rows: 10 })
    novelty.observe('\u001b[?1049h\u001b[4;1H✻ Kneading… (9s · ↑ 12 tokens)\u001b[9;1H> ')
    return novelty
  }

  it('says nothing new with the letters of a row that was there', () => {
    const novelty = screen()
    for (const part of ['Knead', 'ing', 'eadi', 'ng… (', 'tok'])
      expect(
        novelty.observe(`\u001b[4;${1 + '✻ Kneading… (9s · ↑ 12 tokens)'.indexOf(part)}H${part}\u001b[9;3H`),
      ).toBe('blink')
  })

  it('says nothing new with a clock and a glyph of which only what has changed is sent', () => {
    const novelty = screen()
    for (let second = 10; second < 60; second += 1)
      expect(isNew(novelty.observe(`\u001b[4;1H✶\u001b[4;14H${second}s\u001b[K\u001b[9;3H`))).toBe(false)
  })

  it.each([
    ['from its beginning', '\u001b[4;1H', ''],
    ['from the saved cursor', '\u001b7', '\u001b8'],
  ])('says nothing new with a spinner in the row of the cursor, drawn %s', (_, before, after) => {
    const novelty = new Novelty()
    novelty.resize({ columns: 60, rows: 10 })
    const kinds = Array.from({ length: 40 }, (_, n) =>
      novelty.observe(`${before}${['⠋', '⠙', '⠹'][n % 3]} Working (${n}s)\u001b[K${after}`),
    )
    expect(kinds.slice(1).filter(isNew)).toEqual([])
  })

  it.each([
    ['an ellipsis', '/stop to c…'],
    ['three dots', '/stop to...'],
    ['the edge of the screen', '/stop to cl'],
  ])('says nothing new when a clock becomes wider, and %s cuts the row', (_, cut) => {
    const whole = '/stop to close'
    const novelty = new Novelty()
    const size = { columns: `Waiting for the terminal (1m 00s, esc to stop) ${cut}`.length, rows: 10 }
    novelty.resize(size)
    const frame = (clock: string, end: string): string =>
      `\u001b[3;1HWaiting for the terminal (${clock}, esc to stop) ${end}\u001b[K\u001b[8;1H`
    const draw = (...frames: readonly string[]): boolean => isNewText(novelty.observe(frames.join('')))
    expect(draw(frame('58s', whole), frame('59s', whole))).toBe(true)
    expect(draw(frame('1m 00s', cut), frame('1m 01s', cut))).toBe(false)
    expect(draw(frame('9s', whole), frame('8s', whole))).toBe(false)
  })

  it('says nothing new when a clock becomes narrower, and the row has room for its end again', () => {
    const novelty = new Novelty()
    novelty.resize({ columns: 80, rows: 10 })
    const draw = (text: string): boolean =>
      isNewText(novelty.observe(`\u001b[3;1H${text}\u001b[K\u001b[8;1H`))
    expect(draw('Trying again in 1m 1s, press escape to stop waiting f…')).toBe(true)
    expect(draw('Trying again in 59s, press escape to stop waiting for it')).toBe(false)
  })

  it('says something new with a name that is longer than what was cut', () => {
    expect(newAmong('Compiling…\n', 'Compiling parser\n', 'Compiling lexer\n')).toEqual([true, true, true])
  })

  it('says something new with a new word in a row', () => {
    const novelty = screen()
    expect(isNew(novelty.observe('\u001b[6;1HRead the parser\u001b[9;3H'))).toBe(true)
    expect(isNew(novelty.observe('\u001b[6;10Hlexer \u001b[9;3H'))).toBe(true)
  })

  it('compares by itself what stands side by side', () => {
    const novelty = screen()
    novelty.observe('\u001b[6;1Hone task      │ idle now\u001b[7;1Htwo tasks     │ busy now\u001b[9;3H')
    expect(isNew(novelty.observe('\u001b[6;1Hone task      │ busy now\u001b[9;3H'))).toBe(false)
  })

  it.each([
    '  ⎿  Tip: Use /btw to ask a quick question',
    '└ Tip: NEW: use /plugins',
    'Did you know? Tab completes',
  ])('says nothing about the work with advice to the person: %s', (advice) => {
    const novelty = screen()
    expect(isNew(novelty.observe(`\u001b[5;1H${advice}\u001b[9;3H`))).toBe(false)
  })
})

describe('text that is new', () => {
  it.each([
    ['another word', 'compiling alpha\n', 'compiling beta\n'],
    ['a longer line', 'compiling\n', 'compiling beta\n'],
    ['the end of an open line', 'now compiling ', 'beta\n'],
    ['another word on the same screen line', 'reading file\u001b[1;1H', 'writing file\u001b[1;1H'],
    ['a larger fraction', 'copying 45 % done\r', 'copying 46 % done\r'],
    ['a larger part with tenths', '━━━━ 12.3/45.6 MB 5.0 MB/s\r', '━━━━ 12.4/45.6 MB 5.0 MB/s\r'],
    ['a larger part with units', 'layer 900kB/45.0MB\r', 'layer 1.1MB/45.0MB\r'],
    ['a larger part of tests', 'ran 9 of 80 Tests\r', 'ran 10 of 80 Tests\r'],
    ['more things done, without a total', '99it [00:12, 9.9it/s]\r', '1.1kit [01:52, 9.8it/s]\r'],
    ['a larger fraction, by tenths', '12.3% copied\r', '12.4% copied\r'],
    ['a larger part of a whole', 'building 12/80\r', 'building 13/80\r'],
    ['a larger part in words', 'building 12 of 80\r', 'building 13 of 80\r'],
    ['a row of marks', '....................\n', '....................\n'],
    ['one mark more on an open line', '....', '.'],
    ['a name with one number in it', 'module17 done\n', 'user17 done\n'],
    ['joined words', 'getUserNameById\n', 'getUserNameByMail\n'],
  ])('is new with %s', (_, first, second) => {
    expect(newAmong(first, second)).toEqual([true, true])
  })

  it.each([
    ['a date', 'on 11/22 it failed\r', 'on 11/23 it failed\r'],
    ['a path', 'see /proc/12/80\n', 'see /proc/13/80\n'],
    ['the number of an attempt', 'retrying, attempt 2/10\r', 'retrying, attempt 3/10\r'],
    ['a part that is larger than the whole', 'errors 90/80\r', 'errors 91/80\r'],
  ])('is not what looks like a fraction: %s', (_, first, second) => {
    expect(newAmong(first, second)[1]).toBe(false)
  })

  it('is new once for each fraction: a bar that begins again and again is no progress', () => {
    const bar = [10, 50, 90].map((percent) => `fetching ${percent} %\r`)
    expect(newAmong(...bar, ...bar)).toEqual([true, true, true, false, false, false])
  })

  it('is new again when it has been forgotten behind very many others', () => {
    const novelty = new Novelty()
    const word = (n: number): string =>
      [...n.toString(26)].map((c) => String.fromCharCode(97 + Number.parseInt(c, 26))).join('')
    expect(isNew(novelty.observe('the first\n'))).toBe(true)
    for (let n = 0; n < 10_000; n += 1) novelty.observe(`line ${word(n)}\n`)
    expect(isNew(novelty.observe('the first\n'))).toBe(true)
  })
})

/**
 * Each has one of everything that a terminal takes apart, and ends with a whole line. No part begins with a letter that
 * alone would be a test's mark.
 */
const TEXTS: Readonly<Record<string, string>> = {
  colour: '\u001b[1;38;2;10;20;30merror\u001b[0m: no route to host\n',
  'title, ended by BEL': '\u001b]0;⠋ working hard\u0007ready to go\n',
  'title, ended by ST': '\u001b]0;⠋ working hard\u001b\\ready to go\n',
  'long title': `\u001b]2;${'title '.repeat(60)}\u001b\\titled line\n`,
  'clipboard of 800 characters': `\u001b]52;c;${'QUJD'.repeat(200)}\u0007copied it\n`,
  link: '\u001b]8;;https://example.org/a\u001b\\here it is\u001b]8;;\u001b\\ indeed\n',
  'device control string': '\u001bP+q544e\u001b\\after the string\n',
  'application command': '\u001b_Gq=2,a=d\u001b\\an image line\n',
  'character set': '\u001b(B\u001b)0\u001b=plain text\u001b>\n',
  moves:
    '\u001b[H\u001b[2Jfirst part\u001b[2;10Hmiddle part\u001b[K\u001b[1Athird part\u001b[4;1Hlast part\n',
  'carriage return': 'going on and on\rgoing on and on\r\n',
  'saved cursor': '\u001b7condition of it\u001b8\n',
  'braille and emoji': '⠋ thinking about it 🌑\r\n',
  report: '\u001b[?2026h\u001b[>4;1mheader line\u001b[?2026l\n',
}

/** Bytes are decoded before they come here, and that never leaves half a character. */
const splitsCharacter = (text: string, cut: number): boolean => /^[\udc00-\udfff]/.test(text.slice(cut))

describe('text that is cut anywhere between two calls', () => {
  it.each(Object.entries(TEXTS))('is not new the second time: %s', (_, text) => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      if (splitsCharacter(text, cut)) continue
      const calls = newAmong(text, text, text.slice(0, cut), text.slice(cut))
      expect([cut, ...calls.slice(1)]).toEqual([cut, false, false, false])
    }
  })

  it('is not new in any number of pieces, in any order of the texts', () => {
    const texts = Object.values(TEXTS)
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (chosen, cuts) => {
          const novelty = new Novelty()
          for (const text of [...texts, ...texts]) novelty.observe(text)
          const whole = chosen.join('')
          const places = [...cuts.map((cut) => cut % (whole.length + 1)), 0, whole.length]
            .filter((cut) => !splitsCharacter(whole, cut))
            .sort((a, b) => a - b)
          const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place))
          expect(pieces.map((piece) => isNew(novelty.observe(piece)))).toEqual(pieces.map(() => false))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('does not lose what comes behind a string that nobody ends', () => {
    for (const start of ['\u001b]0;title', '\u001bP', '\u001b_', '\u001b']) {
      const calls = newAmong(start, ' and more\n', 'something new\n', 'something else\n')
      expect([start, ...calls.slice(2)]).toEqual([start, true, true])
    }
  })

  it('takes anything', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc
            .array(
              fc.constantFrom('\u001b', '[', ']', 'P', '\\', '\u0007', '\r', '\n', '\b', '1', '%', '/', 'm'),
            )
            .map((characters) => characters.join('')),
        ),
        (calls) => {
          const novelty = new Novelty()
          for (const call of calls) novelty.observe(call)
          // Whatever state that has left it in, two lines on it reads on.
          novelty.observe('\n\u0007\n')
          expect(isNew(novelty.observe('something readable\n'))).toBe(true)
          expect(isNew(novelty.observe('something readable\n'))).toBe(false)
        },
      ),
    )
  })
})

describe('a line without an end', () => {
  const word = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')

  it('says something new with every word, however long it is', () => {
    const novelty = new Novelty()
    const calls = Array.from({ length: 2000 }, (_, n) => isNew(novelty.observe(`${word(n + 1000)} `)))
    // The first word may be a part of one.
    expect(calls.slice(1).filter((isNew) => !isNew)).toEqual([])
  })

  it('says nothing new when it repeats itself, however long it is', () => {
    const novelty = new Novelty()
    const calls = Array.from({ length: 2000 }, () => isNew(novelty.observe('waiting for the server ')))
    expect(calls.slice(100).filter((isNew) => isNew)).toEqual([])
  })
})

describe('its memory', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const usedBytes = (): number => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const word = (n: number): string => {
    let text = ''
    for (let rest = n; rest > 0; rest = Math.floor(rest / 26)) text += String.fromCharCode(97 + (rest % 26))
    return text
  }

  it.each<[string, number, (call: number) => string]>([
    [
      'a million lines',
      1000,
      (call) => Array.from({ length: 1000 }, (_, line) => `line ${word(call * 1000 + line)}\n`).join(''),
    ],
    // A string that is a part of another keeps the whole of it.
    [
      'one new word in each of many large calls',
      1000,
      (call) => `anewword${word(call)}abcdefgh\n${'same'.repeat(16_000)}\n`,
    ],
    ['a line that never ends', 15_000, (call) => `${word(call + 1e6)} `.repeat(50)],
    ['fractions of ever other things', 30_000, (call) => `fetching ${word(call)} ${call % 100} %\r`],
    ['strings that never end', 500, (call) => `\u001b]52;c;${word(call)}${'QUJD'.repeat(5000)}`],
  ])('is bounded for %s', (_, calls, textOf) => {
    const novelty = new Novelty()
    const before = usedBytes()
    for (let call = 0; call < calls; call += 1) novelty.observe(textOf(call))
    const grown = usedBytes() - before
    // Two thousand pieces of two hundred characters, twice, and what V8 keeps beside them.
    expect(grown).toBeLessThan(5e6)
    novelty.observe('\n')
    expect(isNew(novelty.observe('alive and reading\n'))).toBe(true)
  })
})
