/** Stretches of time, in Unix seconds. Pure. */

export type Span = { readonly from: number; readonly to: number }

/** Seconds of the window that are in at least one of the spans. A span that ends before it begins counts as none. */
export const secondsIn = (spans: readonly Span[], window: Span): number => {
  let seconds = 0
  let counted = window.from
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const begin = Math.max(from, counted)
    const end = Math.min(to, window.to)
    if (end <= begin) continue
    seconds += end - begin
    counted = end
  }
  return seconds
}

export const overlaps = (span: Span, window: Span): boolean =>
  span.from <= window.to && span.to >= window.from
