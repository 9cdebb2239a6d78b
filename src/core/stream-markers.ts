/**
 * Markers in a stream of output: where an iteration begins and where it has ended.
 *
 * They travel with the output itself, because only that keeps the order: whatever the worker wrote before it ended
 * is before its end marker. Each names its iteration, so that a reader who has missed one knows where it is at the next.
 * A marker is an operating system command that no terminal knows, with a secret of the run in it, so that no worker can
 * print one.
 */
export type Marker = 'begin' | 'end'

const ESCAPE = 0x1b
const BELL = 0x07
const ZERO = 0x30
const NINE = 0x39
const MAX_DIGITS = 15
const KINDS: Readonly<Record<Marker, string>> = { begin: 'b', end: 'e' }
const MARKERS = new Map<number, Marker>([
  [KINDS.begin.charCodeAt(0), 'begin'],
  [KINDS.end.charCodeAt(0), 'end'],
])
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const prefixOf = (secret: string): string => `\u001b]7735;${secret};`

/** @param secret letters and digits only */
export const encodeMarker = (marker: Marker, iteration: number, secret: string): Uint8Array =>
  bytesOf(`${prefixOf(secret)}${KINDS[marker]}${iteration}\u0007`)

type Sink = { bytes(bytes: Uint8Array): void; marker(marker: Marker, iteration: number): void }

type Found =
  | { readonly kind: 'marker'; readonly marker: Marker; readonly iteration: number; readonly length: number }
  /** It ends before that can be told. */
  | { readonly kind: 'open' }
  | { readonly kind: 'none' }

const NONE: Found = { kind: 'none' }
const OPEN: Found = { kind: 'open' }

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean => {
  const length = Math.min(bytes.length, prefix.length)
  for (let index = 0; index < length; index += 1) if (bytes[index] !== prefix[index]) return false
  return true
}

/** Whether a marker is at the beginning of `bytes`. */
const markerAt = (bytes: Uint8Array, prefix: Uint8Array): Found => {
  if (!startsWith(bytes, prefix)) return NONE
  if (bytes.length <= prefix.length) return OPEN
  const marker = MARKERS.get(bytes[prefix.length] ?? 0)
  if (marker === undefined) return NONE
  let iteration = 0
  const digits = prefix.length + 1
  for (let index = digits; index <= digits + MAX_DIGITS; index += 1) {
    const byte = bytes[index]
    if (byte === undefined) return OPEN
    if (byte === BELL && index > digits) return { kind: 'marker', marker, iteration, length: index + 1 }
    if (byte < ZERO || byte > NINE) return NONE
    iteration = iteration * 10 + byte - ZERO
  }
  return NONE
}

/** Takes the markers out of a stream that comes in pieces. */
export class MarkerSplitter {
  readonly #prefix: Uint8Array
  readonly #sink: Sink
  /** The end of what came, when it may be the beginning of a marker. */
  #held: Uint8Array = new Uint8Array()

  constructor(secret: string, sink: Sink) {
    this.#prefix = bytesOf(prefixOf(secret))
    this.#sink = sink
  }

  /** @param piece may be overwritten afterwards */
  push(piece: Uint8Array): void {
    let bytes = piece
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + piece.length)
      bytes.set(this.#held)
      bytes.set(piece, this.#held.length)
      this.#held = new Uint8Array()
    }
    let done = 0
    for (let at = bytes.indexOf(ESCAPE); at >= 0; at = bytes.indexOf(ESCAPE, at + 1)) {
      const rest = bytes.subarray(at)
      const found = markerAt(rest, this.#prefix)
      if (found.kind === 'none') continue
      if (at > done) this.#sink.bytes(bytes.subarray(done, at))
      if (found.kind === 'open') {
        this.#held = rest.slice()
        return
      }
      this.#sink.marker(found.marker, found.iteration)
      done = at + found.length
      at = done - 1
    }
    if (done < bytes.length) this.#sink.bytes(done === 0 ? bytes : bytes.subarray(done))
  }

  /** No more comes: what was held was no marker. */
  end(): void {
    if (this.#held.length > 0) this.#sink.bytes(this.#held)
    this.#held = new Uint8Array()
  }
}
