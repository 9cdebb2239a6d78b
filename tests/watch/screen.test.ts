import * as escapes from 'ansi-escapes'
import { describe, expect, it } from 'vitest'
import { onlyColours } from '../../src/watch/preview.ts'
import { difference } from '../../src/watch/screen.ts'

describe('what is written to the terminal', () => {
  it('is everything at first, on an empty screen', () => {
    const text = difference(null, ['one', 'two'], escapes)
    expect(text.startsWith(escapes.clearViewport)).toBe(true)
    expect(text).toContain('one')
    expect(text).toContain('two')
  })

  it('is nothing when nothing has changed', () => {
    expect(difference(['one', 'two'], ['one', 'two'], escapes)).toBe('')
  })

  it('is the lines that have changed, each erased before it is written', () => {
    const text = difference(['one', 'two', 'three'], ['one', '2', 'three'], escapes)
    expect(text).toBe(`${escapes.cursorTo(0, 1)}${escapes.eraseEndLine}2\u001b[0m`)
  })
})

describe('a line of a pane', () => {
  it.each([
    ['text and colours as they are', '\u001b[1;31mred\u001b[0m x', '\u001b[1;31mred\u001b[0m x'],
    ['nothing that moves the cursor', 'a\u001b[2Jb\u001b[5;5Hc', 'abc'],
    ['no title and no link', '\u001b]0;evil\u0007a\u001b]8;;http://x\u0007b', 'ab'],
    ['no control characters', 'a\rb\u0008c', 'a\\x0db\\x08c'],
  ])('keeps %s', (_, line, expected) => {
    expect(onlyColours(line)).toBe(expected)
  })
})
