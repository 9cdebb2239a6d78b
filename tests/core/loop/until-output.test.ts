import { describe, expect, it } from 'vitest'
import { type Given, type Sighting, UntilOutput } from '../../../src/core/loop/until-output.ts'

const NOTHING: Given = { command: ['./agent.sh'], stdin: null }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** @param size of the pieces in which it comes */
const sightings = (
  output: string,
  given: Given = NOTHING,
  text = 'DONE',
  size = 1e9,
): readonly Sighting[] => {
  const found: Sighting[] = []
  const matcher = new UntilOutput(text, given, (sighting) => found.push(sighting))
  const bytes = bytesOf(output)
  for (let at = 0; at < bytes.length; at += size) matcher.push(bytes.subarray(at, at + size), at, at)
  matcher.end()
  return found
}

const PROMPT = 'Mend the tests.\nWhen all of them pass, print\n\n  DONE\n\nand nothing else.\n'

const SEEN: readonly (readonly [string, string, Given?, string?])[] = [
  ['a line', 'working\nDONE\nbye\n'],
  ['the first line', 'DONE\n'],
  ['the last line, without an end', 'working\nDONE'],
  ['the end of a line of Windows', 'DONE\r\n'],
  ['two carriage returns', 'DONE\r\r\n'],
  ['white space around it', ' \t DONE \u00a0\n'],
  ['colours', '\u001b[1;32mDONE\u001b[0m\n'],
  ['colours in the middle of it', 'DO\u001b[31mNE\u001b[m\n'],
  ['a title before it', '\u001b]0;my agent\u0007DONE\n'],
  ['a link', '\u001b]8;;https://example.org\u001b\\DONE\u001b]8;;\u001b\\\n'],
  ['a box', '╭──────╮\n│ DONE │\n╰──────╯\n'],
  ['a coloured box', '\u001b[2m│\u001b[0m DONE \u001b[2m│\u001b[0m\n'],
  ['a box of a wide terminal', `${'─'.repeat(20_000)} DONE ${'─'.repeat(20_000)}\n`],
  ['a box of ASCII', '+------+\n| DONE |\n+------+\n'],
  ['a box whose right side is put with the cursor', '\u001b[5;1H│ DONE\u001b[5;80H│\u001b[6;1H'],
  ['much white space', `${' '.repeat(100_000)}DONE${' '.repeat(100_000)}\n`],
  ['a line that is drawn anew', 'working 1\rworking 2\rDONE\n'],
  ['a spinner that is erased', '- working\r\u001b[K\\ working\r\u001b[KDONE\n'],
  ['the rest of its row erased', 'DONE\u001b[K\r\n'],
  ['a row on a screen', '\u001b[2J\u001b[1;1Hhead\u001b[3;1HDONE\u001b[24;1Hfoot'],
  ['a cursor that goes up and draws anew', 'working\n\u001b[1A\u001b[2KDONE\n'],
  ['steps to the right instead of spaces', '│\u001b[2CDONE\u001b[10C│\n'],
  ['after a long line', `${'x'.repeat(300_000)}\nDONE\n`],
  ['after a title that is never ended', `\u001b]0;${'x'.repeat(10_000)}\nDONE\n`],
  ['after bytes that are no text', '\u0000\u0001\ufffd\nDONE\n'],
  ['a mended line', 'DOME\b\bNE\n'],
  ['after much else', `${'some other line\n'.repeat(500)}DONE\n${'and more\n'.repeat(500)}`],
  ['every letter in a colour of its own', 'x\n\u001b[1mD\u001b[2mO\u001b]0;t\u0007N\u200bE\u001b[0m\ny\n'],
  ['signs that mean something to an expression', 'x\n[a-z]+(.*)$\ny\n', NOTHING, '[a-z]+(.*)$'],
  ['several words', 'ALL  TESTS PASS\n', NOTHING, 'ALL TESTS PASS'],
  ['other letters', '  fertig ✓ \n', NOTHING, 'fertig ✓'],
  ['a promise in a tag', '<promise>DONE</promise>\n', NOTHING, '<promise>DONE</promise>'],
  ['TEXT in a box of its own', '● DONE\n', NOTHING, ' ● DONE '],
  [
    'a prompt that speaks of it, not echoed',
    'I will.\nDONE\n',
    { command: ['agent', PROMPT], stdin: PROMPT },
  ],
  [
    'after the echo of the prompt',
    `${PROMPT}Let me see.\nDONE\n`,
    { command: ['agent', PROMPT], stdin: null },
  ],
  ['a word of the command line', 'DONE\n', { command: ['agent', '--promise', 'DONE'], stdin: null }],
  ['the same, later', 'working\nDONE\n', { command: ['agent', '--promise', 'DONE'], stdin: null }],
  [
    'a word that a shell prints',
    'working\nDONE\n',
    { command: ['sh', '-c', 'echo working; echo DONE'], stdin: null },
  ],
  ['an answer to a prompt that is TEXT', 'working\nDONE\n', { command: ['cat'], stdin: 'DONE\n' }],
  [
    'a prompt that begins with TEXT, not echoed',
    'DONE\nbye\n',
    { command: ['agent'], stdin: 'DONE\nis the word.\n' },
  ],
  ['the same, at the end', 'DONE', { command: ['agent'], stdin: 'DONE\nis the word.\n' }],
]

const NOT_SEEN: readonly (readonly [string, string, Given?, string?])[] = [
  ['nothing', ''],
  ['a part of a line', 'NOT DONE\nDONE yet?\nUNDONE\n'],
  ['another case', 'done\nDone\n'],
  ['a line that went on after it', 'DONE\rNOT DONE\n'],
  ['a line that was erased', 'DONE\u001b[2K\n'],
  ['a line that was erased and drawn anew', 'DONE\r\u001b[K\n'],
  ['two words of one row of a screen', '\u001b[3;1HDONE\u001b[3;20Hnot yet\u001b[4;1H'],
  ['a column put in a row', 'DONE\u001b[20Gnot yet\n'],
  ['a title', '\u001b]0;DONE\u0007\n'],
  ['a sign before it', '- DONE\n> DONE\n# DONE\n'],
  ['the end of a long line', `${'x'.repeat(300_000)} DONE\n`],
  ['a long line with a border', `│ ${'x'.repeat(40_000)}│ DONE │\n`],
  ['the echo of the command line', PROMPT, { command: ['agent', PROMPT], stdin: null }],
  ['the echo of standard input', PROMPT, { command: ['agent'], stdin: PROMPT }],
  [
    'an echo behind a prompt sign',
    '> Mend, then print\n  DONE\n',
    { command: ['a', 'Mend, then print\nDONE'], stdin: null },
  ],
  [
    'an echo in a box',
    '╭────────────────────╮\n│ > Mend the tests.  │\n│   When all of them │\n│   pass, print      │\n│                    │\n│   DONE             │\n│   and nothing else.│\n',
    { command: ['agent', PROMPT], stdin: null },
  ],
  [
    'an echo that was wrapped',
    'Mend the tests, and when you are\nready print the word\nDONE\nwithout anything else.\n',
    {
      command: ['agent', 'Mend the tests, and when you are ready print the word DONE without anything else.'],
      stdin: null,
    },
  ],
  [
    'an echo after much else',
    `${'other\n'.repeat(500)}\n\nWhen all of them pass, print\n\nDONE\n`,
    { command: ['agent', PROMPT], stdin: null },
  ],
  ['two echoes', `${PROMPT}${PROMPT}`, { command: ['agent', PROMPT], stdin: null }],
  [
    'an echo of a prompt that begins with it',
    'DONE\nis the word.\n',
    { command: ['agent'], stdin: 'DONE\nis the word.\n' },
  ],
  ['an echo of a prompt that is TEXT', 'DONE\n', { command: ['cat'], stdin: 'DONE\n' }],
]

describe('a line that is TEXT', () => {
  for (const size of [1e9, 7, 1]) {
    describe(`in pieces of ${size} bytes`, () => {
      it.each(SEEN.map(([name, output, given, text]) => ({ name, output, given, text })))(
        'is $name',
        ({ output, given, text }) => {
          expect(sightings(output, given, text, size)).toHaveLength(1)
        },
      )

      it.each(NOT_SEEN.map(([name, output, given, text]) => ({ name, output, given, text })))(
        'is not $name',
        ({ output, given, text }) => {
          expect(sightings(output, given, text, size)).toEqual([])
        },
      )
    })
  }

  it('tells when it began and when it was whole', () => {
    const found: Sighting[] = []
    const matcher = new UntilOutput('DONE', NOTHING, (sighting) => found.push(sighting))
    for (const [at, piece] of ['before\n', 'D', 'O', 'NE', '\r', '\n', 'after'].entries())
      matcher.push(bytesOf(piece), at, 100 * at)
    expect(found).toEqual([{ began: 1, ended: 5, quietSince: 0, fromByte: 100 }])
  })

  it('is found in megabytes without an end of line, with bounded memory', () => {
    const found: Sighting[] = []
    const matcher = new UntilOutput('DONE', NOTHING, (sighting) => found.push(sighting))
    const piece = bytesOf('x'.repeat(65_536))
    for (let count = 0; count < 200; count += 1) matcher.push(piece, 0, 0)
    matcher.push(bytesOf('\nDONE\n'), 1, 1)
    expect(found).toHaveLength(1)
  })
})
