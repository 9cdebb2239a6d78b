import { describe, expect, it } from 'vitest'
import { Novelty } from '../../src/core/novelty.ts'
import { showsMenu } from '../../src/core/screen-menu.ts'

const MENU = [
  'Do you want to run this?',
  '│ ❯ 1. Yes      │',
  '│   2. No       │',
  '↑/↓ to navigate · enter to select',
]

describe('a menu on a screen', () => {
  it.each([
    ['in a box', MENU],
    ['without numbers', ['Delete build?', '> Yes', '  No', 'Press Enter to confirm']],
  ])('is one %s', (_, rows) => {
    expect(showsMenu(rows)).toBe(true)
  })

  it.each([
    [
      'a prompt with a list in it',
      ['> 1. fix the parser', '  2. fix the lexer', '⠋ Thinking (esc to cancel, 3s)'],
    ],
    ['a list of what was done', ['1. read the parser', '2. wrote the lexer']],
    ['keys without a menu', ['> ', '↑/↓ to navigate the history']],
  ])('is not %s', (_, rows) => {
    expect(showsMenu(rows)).toBe(false)
  })

  it('is there until it is erased', () => {
    const novelty = new Novelty()
    novelty.resize({ columns: 40, rows: 10 })
    novelty.observe(`\u001b[H\u001b[2J${MENU.join('\r\n')}`)
    expect(novelty.showsMenu).toBe(true)
    novelty.observe('\u001b[H\u001b[2Jrunning it')
    expect(novelty.showsMenu).toBe(false)
  })
})
