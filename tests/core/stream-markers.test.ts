import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMarker, type Marker, MarkerSplitter } from '../../src/core/stream-markers.ts'

const SECRET = '0123456789abcdef01234567'

type Event = { readonly bytes: string } | { readonly marker: Marker; readonly iteration: number }

/** What comes out, with neighbouring bytes joined. Each byte is one character. */
const split = (pieces: readonly Uint8Array[], end = true): readonly Event[] => {
  const events: Event[] = []
  const splitter = new MarkerSplitter(SECRET, {
    bytes: (bytes) => {
      expect(bytes.length).toBeGreaterThan(0)
      const text = Buffer.from(bytes).toString('latin1')
      const last = events.at(-1)
      if (last !== undefined && 'bytes' in last) events.splice(-1, 1, { bytes: last.bytes + text })
      else events.push({ bytes: text })
    },
    marker: (marker, iteration) => events.push({ marker, iteration }),
  })
  for (const piece of pieces) {
    const mine = Uint8Array.from(piece)
    splitter.push(mine)
    // As the reader does with its buffer.
    mine.fill(0)
  }
  if (end) splitter.end()
  return events
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const encoded = (event: Event): Uint8Array =>
  'bytes' in event ? bytesOf(event.bytes) : encodeMarker(event.marker, event.iteration, SECRET)

const joined = (events: readonly Event[]): readonly Event[] => {
  const result: Event[] = []
  for (const event of events) {
    const last = result.at(-1)
    if ('bytes' in event && last !== undefined && 'bytes' in last)
      result.splice(-1, 1, { bytes: last.bytes + event.bytes })
    else result.push(event)
  }
  return result
}

const WHOLE = Buffer.from(encodeMarker('end', 12, SECRET)).toString('latin1')

const A_MARK = new RegExp(`\u001b]7735;${SECRET};[be]\\d{1,15}\u0007`)

/** What a worker may print that looks like a marker, and is none. */
const NO_MARKS = [
  WHOLE.slice(0, -1),
  WHOLE.slice(0, 5),
  '\u001b',
  '\u001b\u001b\u001b]7735;',
  WHOLE.replace(SECRET, SECRET.replace('0', 'f')),
  WHOLE.replace(';e', ';x'),
  WHOLE.replace(';e12', ';e'),
  WHOLE.replace(';e12', ';e1x'),
  WHOLE.replace(';e12', ';e1234567890123456'),
  WHOLE.replace('\u0007', '\u001b\\'),
  WHOLE.slice(1),
  '\u001b]0;a title\u0007',
  '\u001b[31mred\u001b[0m',
]

const anEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    marker: fc.constantFrom<Marker>('begin', 'end'),
    iteration: fc.integer({ min: 1, max: 1e14 }),
  }),
  fc
    .oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.constantFrom(...NO_MARKS),
    )
    .map((bytes) => ({ bytes })),
)

describe('markers in a stream', () => {
  it('are taken out, with what is between them in order', () => {
    const stream = [
      { marker: 'begin', iteration: 1 },
      { bytes: 'hello\n' },
      { marker: 'end', iteration: 1 },
      { marker: 'begin', iteration: 2 },
      { marker: 'end', iteration: 2 },
      { bytes: 'late' },
    ] as const
    expect(split([Buffer.concat(stream.map(encoded))])).toEqual(stream)
  })

  it.each(NO_MARKS)('are not %j', (text) => {
    expect(split([bytesOf(`before ${text} after`)])).toEqual([{ bytes: `before ${text} after` }])
    expect(split([bytesOf(text)])).toEqual([{ bytes: text }])
  })

  it.each(NO_MARKS)('are found behind %j', (text) => {
    expect(split([bytesOf(text), bytesOf(WHOLE)])).toEqual([
      { bytes: text },
      { marker: 'end', iteration: 12 },
    ])
  })

  it('are found wherever the stream is cut in two', () => {
    const text = `before${WHOLE}after`
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(split([bytesOf(text.slice(0, cut)), bytesOf(text.slice(cut))])).toEqual([
        { bytes: 'before' },
        { marker: 'end', iteration: 12 },
        { bytes: 'after' },
      ])
    }
  })

  it('are found byte by byte', () => {
    const text = `x${WHOLE}${WHOLE}y`
    expect(split([...text].map(bytesOf))).toEqual([
      { bytes: 'x' },
      { marker: 'end', iteration: 12 },
      { marker: 'end', iteration: 12 },
      { bytes: 'y' },
    ])
  })

  it('come out as they went in, whatever is around them and wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anEvent, { maxLength: 12 }),
        fc.array(fc.nat(10_000), { maxLength: 20 }),
        (events, cuts) => {
          const expected = joined(events)
          // Two pieces of what is no marker may make one.
          fc.pre(!expected.some((event) => 'bytes' in event && A_MARK.test(event.bytes)))
          const whole = Buffer.concat(events.map(encoded))
          const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort(
            (a, b) => a - b,
          )
          const pieces = places.slice(1).map((place, index) => whole.subarray(places[index], place))
          expect(split(pieces)).toEqual(expected)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('hold back no more than may be one of them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NO_MARKS, 'plain'), (text) => {
        const passed = split([bytesOf(`${text}.`)], false)
        expect(passed).toEqual([{ bytes: `${text}.` }])
      }),
    )
    expect(split([bytesOf('text\u001b')], false)).toEqual([{ bytes: 'text' }])
  })

  it('have no effect with the secret of another run', () => {
    const other = encodeMarker('begin', 3, 'ffffffffffffffffffffffff')
    expect(split([other])).toEqual([{ bytes: Buffer.from(other).toString('latin1') }])
  })
})
