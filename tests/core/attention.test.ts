import { describe, expect, it } from 'vitest'
import { attentionEvent, attentionIn, describeAttention } from '../../src/core/attention.ts'
import type { AttentionKind, WorkerNote } from '../../src/core/note.ts'

const progress = (epoch: number): WorkerNote => ({ epoch, iteration: 1, note: 'on it', for: null })
const asks = (epoch: number, attention: AttentionKind, note = ''): WorkerNote => ({
  epoch,
  iteration: 1,
  attention,
  note,
})

describe('what a run needs a person for', () => {
  it.each<[string, readonly WorkerNote[], ReturnType<typeof attentionIn>]>([
    ['nothing without a note', [], null],
    ['nothing with progress alone', [progress(1)], null],
    [
      'what was asked',
      [progress(1), asks(2, 'permission', 'Bash rm -rf build')],
      { kind: 'permission', text: 'Bash rm -rf build', since_epoch: 2 },
    ],
    ['nothing after progress', [asks(2, 'permission'), progress(3)], null],
    [
      'the last of several questions',
      [asks(2, 'permission', 'a'), asks(3, 'question', 'b')],
      { kind: 'question', text: 'b', since_epoch: 3 },
    ],
    [
      'a question since it was first asked',
      [asks(1, 'question', 'a'), asks(2, 'question', 'b'), asks(5, 'question', 'b')],
      { kind: 'question', text: 'b', since_epoch: 2 },
    ],
    [
      'the end of a turn since it ended, whatever is said of it',
      [asks(2, 'turn-ended', 'Done.'), asks(62, 'turn-ended', 'waiting for your input')],
      { kind: 'turn-ended', text: 'waiting for your input', since_epoch: 2 },
    ],
  ])('is %s', (_, notes, attention) => {
    expect(attentionIn(notes, 0)).toEqual(attention)
  })

  it('is nothing that is over', () => {
    const notes = [asks(2, 'permission', 'a'), asks(4, 'permission', 'b')]
    expect(attentionIn(notes, 4)).toBeNull()
    expect(attentionIn(notes, 2)).toEqual({ kind: 'permission', text: 'b', since_epoch: 4 })
  })

  it('is put into words', () => {
    const permission = { kind: 'permission', text: 'Bash rm -rf build', since_epoch: 1000 } as const
    expect(describeAttention(permission, 1180)).toBe('needs you: permission: Bash rm -rf build, for 3m')
    expect(describeAttention({ ...permission, kind: 'turn-ended', text: '' }, 990)).toBe(
      'needs you: its turn has ended, for 0s',
    )
  })

  it('is an event of the history', () => {
    const since = { since_epoch: 1 }
    expect(attentionEvent({ kind: 'question', text: 'deploy?', ...since })).toEqual({
      event: 'needs-input',
      detail: 'question: deploy?',
    })
    expect(attentionEvent({ kind: 'turn-ended', text: '', ...since })).toEqual({
      event: 'turn-ended',
      detail: null,
    })
  })
})
