import { describe, expect, it } from 'vitest'
import { encodeNote, MAX_NOTE_CHARACTERS, type ProgressNote, parseNote } from '../../src/core/note.ts'

const NOTE: ProgressNote = { epoch: 1_800_000_000.5, iteration: 3, note: 'half way', for: 600 }

describe('a note of a worker', () => {
  it.each([
    NOTE,
    { ...NOTE, retry_at: 1_800_000_600 },
    { ...NOTE, for: null },
    { ...NOTE, hook: true as const },
    { epoch: 1, iteration: 3, attention: 'permission' as const, note: 'Bash rm' },
    { ...NOTE, note: '' },
    { ...NOTE, note: 'a\nb"\u0007' },
  ])('is read back as it was written, from one line: %j', (note) => {
    const line = encodeNote(note)
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(parseNote(line)).toEqual(note)
  })

  it('is cut when it is long, and not within a character', () => {
    const note = parseNote(encodeNote({ ...NOTE, note: '\u{1f600}'.repeat(MAX_NOTE_CHARACTERS + 1) }))
    expect(note?.note).toBe('\u{1f600}'.repeat(MAX_NOTE_CHARACTERS))
  })

  it.each([
    '',
    'x',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...NOTE, epoch: '1' }),
    JSON.stringify({ ...NOTE, iteration: 0 }),
    JSON.stringify({ ...NOTE, note: null }),
    JSON.stringify({ ...NOTE, for: -1 }),
    JSON.stringify({ ...NOTE, attention: 'food' }),
    JSON.stringify({ epoch: 1, iteration: 3, attention: null, note: '' }),
    JSON.stringify({ ...NOTE, hook: 1 }),
    JSON.stringify({ ...NOTE, for: undefined }),
    JSON.stringify({ ...NOTE, retry_at: 'soon' }),
  ])('is none when it reads %j', (line) => {
    expect(parseNote(line)).toBeNull()
  })
})
