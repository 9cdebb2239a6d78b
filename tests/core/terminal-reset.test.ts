import { describe, expect, it } from 'vitest'
import { resetSequence } from '../../src/core/terminal-reset.ts'

const LEAVE = '\x1b[?1049l'

describe('the reset of a terminal', () => {
  it('leaves the alternate screen of a pane only when it is there: else the cursor would jump', () => {
    expect(resetSequence({ isAlternate: true, isOdd: false })).toContain(LEAVE)
    expect(resetSequence({ isAlternate: false, isOdd: true })).not.toContain(LEAVE)
  })

  it('saves the place of the cursor first where nobody tells which screen is shown', () => {
    expect(resetSequence(null)).toContain(`\x1b7${LEAVE}`)
  })

  it('shows the cursor, ends reports and protocols, and leaves the cursor where it is', () => {
    const text = resetSequence({ isAlternate: false, isOdd: true })
    for (const part of ['\x1b[0m', '\x1b[?25h', '\x1b[?1000l', '\x1b[?2004l', '\x1b[?7h', '\x1b[=0;1u'])
      expect(text).toContain(part)
    expect(text.endsWith('\x1b7\x1b[r\x1b8')).toBe(true)
  })
})
