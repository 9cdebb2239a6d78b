import { describe, expect, it } from 'vitest'
import { encodeEntry, type IterationEntry, parseHistory } from '../../src/core/history.ts'
import { anEvent, anIteration } from '../fakes/history.ts'

const line = encodeEntry(anIteration())

describe('a history', () => {
  it('gives back what was written, in order', () => {
    const entries = [anEvent(), anIteration(), anIteration({ iteration: 2 }), anEvent({ event: 'ended' })]
    expect(parseHistory(entries.map(encodeEntry).join(''))).toEqual({ entries, skipped: 0, torn: false })
  })

  it('knows nothing of what was changed in lines of older versions', () => {
    const changed = { commits: 2, files: 3, head_moved: true, notes: 0, output: 1 }
    const { changed: _, ...older } = anIteration()
    const text = [older, anIteration({ changed }), anIteration({ iteration: 2 })].map((entry) =>
      JSON.stringify(entry),
    )
    expect(parseHistory(text.join('\n')).entries).toEqual([
      anIteration(),
      anIteration({ changed }),
      anIteration({ iteration: 2 }),
    ])
  })

  it('is empty when nothing was written', () => {
    expect(parseHistory('')).toEqual({ entries: [], skipped: 0, torn: false })
  })

  it('has one line for an entry, whatever is in it', () => {
    const entry = anEvent({ detail: 'a\nb\r\u2028c\u0000' })
    expect(encodeEntry(entry).indexOf('\n')).toBe(encodeEntry(entry).length - 1)
    expect(parseHistory(encodeEntry(entry)).entries).toEqual([entry])
  })

  it.each([1, 2, line.length >> 1, line.length - 2])(
    'passes over a last line that was cut off after %d characters',
    (length) => {
      expect(parseHistory(line + line.slice(0, length))).toEqual({
        entries: [anIteration()],
        skipped: 0,
        torn: true,
      })
    },
  )

  it('takes a last line that lacks nothing but its newline', () => {
    expect(parseHistory(line.trimEnd())).toEqual({ entries: [anIteration()], skipped: 0, torn: false })
  })

  it('counts a line that was cut off once and is followed by others', () => {
    expect(parseHistory(`${line}${line.slice(0, 20)}\n${line}`)).toMatchObject({ skipped: 1, torn: false })
  })

  it.each(['x', 'null', '7', '[]', '{}', '\0\0\0\0', '{"kind":"moon","generation":1}'])(
    'counts a line that is no entry: %j',
    (text) => {
      expect(parseHistory(`${line}${text}\n${line}`)).toEqual({
        entries: [anIteration(), anIteration()],
        skipped: 1,
        torn: false,
      })
    },
  )

  it('passes over empty lines in silence: they end what was torn', () => {
    expect(parseHistory(`\n\n${line}\n`)).toMatchObject({ skipped: 0, torn: false })
  })

  it('ignores fields that it does not know', () => {
    const newer = JSON.stringify({ ...anIteration(), moon: 'full' })
    expect(parseHistory(`${newer}\n`)).toMatchObject({ entries: [anIteration()], skipped: 0 })
  })

  const wrong: readonly (readonly [keyof IterationEntry, unknown])[] = [
    ['generation', 0],
    ['generation', '2'],
    ['iteration', 0],
    ['iteration', 1.5],
    ['started_epoch', null],
    ['started_epoch', -1],
    ['duration', 'long'],
    ['result', 'fine'],
    ['result', undefined],
    ['exit_code', 256],
    ['exit_code', -1],
    ['exit_code', undefined],
    ['signal', ''],
    ['signal', 9],
    ['beats', -1],
    ['longest_quiet', -0.5],
    ['output_bytes', 1.5],
    ['output_lost', null],
    ['changed', {}],
    ['changed', 'much'],
    ['left_running', 2 ** 60],
    ['incident', ''],
    ['incident', undefined],
  ]
  it.each(wrong)('takes no iteration whose %s is %j', (field, value) => {
    const text = JSON.stringify({ ...anIteration(), [field]: value })
    expect(parseHistory(`${text}\n`)).toEqual({ entries: [], skipped: 1, torn: false })
  })

  it.each<[string, unknown]>([
    ['generation', null],
    ['epoch', 'now'],
    ['event', 'eclipse'],
    ['iteration', -1],
    ['iteration', null],
    ['detail', 7],
    ['detail', undefined],
  ])('takes no event whose %s is %j', (field, value) => {
    const text = JSON.stringify({ ...anEvent(), [field]: value })
    expect(parseHistory(`${text}\n`)).toEqual({ entries: [], skipped: 1, torn: false })
  })
})
