import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { printable, shellQuote } from '../../src/core/printable.ts'

describe('printable', () => {
  it.each([
    ['plain text', 'make -j2 "x"', 'make -j2 "x"'],
    ['letters of other scripts', 'über 漢字 👍🏽', 'über 漢字 👍🏽'],
    ['ESC', '\u001b[2J', '\\x1b[2J'],
    ['newline and tab', 'a\n\tb', 'a\\x0a\\x09b'],
    ['carriage return', 'a\rb', 'a\\x0db'],
    ['NUL', '\0', '\\x00'],
    ['DEL', '\u007f', '\\x7f'],
    ['the one-byte CSI of C1', '\u009b2J', '\\x9b2J'],
    ['right-to-left override', 'a\u202eb', 'a\\u202eb'],
    ['isolates', '\u2066\u2069', '\\u2066\\u2069'],
    ['direction marks', '\u200e\u200f', '\\u200e\\u200f'],
    ['line and paragraph separator', '\u2028\u2029', '\\u2028\\u2029'],
    ['a byte order mark', '\ufeffa', '\\ufeffa'],
    ['a lone high surrogate', 'a\ud800b', 'a\\ud800b'],
    ['a lone low surrogate', '\udc00', '\\udc00'],
  ])('shows %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it('changes nothing the second time', () => {
    const once = printable('\u001b\u202e\n')
    expect(printable(once)).toBe(once)
  })
})

describe('shellQuote', () => {
  it.each([
    ['plain words', ['make', '-j2', '--to=b', './x'], 'make -j2 --to=b ./x'],
    ['a word that would be an assignment', ['a=b', 'x'], "'a=b' x"],
    ['an empty word', ['a', ''], "a ''"],
    ['a space', ['a b'], "'a b'"],
    ['a quote', ["it's"], "'it'\\''s'"],
    ['double quotes and dollars', ['"$x`'], `'"$x\`'`],
    ['a tilde', ['~'], "'~'"],
    ['a control character', ['\u001b[2J'], "'\\x1b[2J'"],
  ])('quotes %s', (_, words, line) => {
    expect(shellQuote(words)).toBe(line)
  })

  it('is read back by a shell as the same words', () => {
    const words = ['', ' ', "'", "''", '"', '\\', '$HOME', '`id`', '*', '!', '#', 'a;b', '&', '~', 'ä']
    const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${shellQuote(words)}`], { encoding: 'utf8' })
    expect(stdout.split('\0').slice(0, -1)).toEqual(words)
  })

  it('stays on one line whatever the words are', () => {
    expect(shellQuote(['a\nb', '\r', '\u2028'])).not.toMatch(/[\n\r\u2028]/)
  })
})
