/** Two texts compared line by line, as `diff -u` shows it. Pure. */

type Line = { readonly mark: ' ' | '+' | '-'; readonly text: string }

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** lengths[i][j]: of the longest common subsequence of a from i and b from j on. */
const commonLengths = (a: readonly string[], b: readonly string[]): readonly Uint32Array[] => {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i]
      if (row !== undefined)
        row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  return lengths
}

const compared = (a: readonly string[], b: readonly string[]): readonly Line[] => {
  const lengths = commonLengths(a, b)
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i] ?? '' })
      i += 1
      j += 1
    } else if (j < b.length && (i >= a.length || at(i, j + 1) > at(i + 1, j))) {
      lines.push({ mark: '+', text: b[j] ?? '' })
      j += 1
    } else {
      lines.push({ mark: '-', text: a[i] ?? '' })
      i += 1
    }
  }
  return lines
}

/** Beginnings and ends that are the same are not compared, so a long file with one change takes no time. */
const trimmed = (a: readonly string[], b: readonly string[]): { start: number; end: number } => {
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  return { start, end }
}

const CONTEXT_LINES = 3

/** Of lines that are the same, those near a change. `''` for the same texts. */
export const textDiff = (before: string, after: string): string => {
  if (before === after) return ''
  const [a, b] = [linesOf(before), linesOf(after)]
  const { start, end } = trimmed(a, b)
  const same = (text: string): Line => ({ mark: ' ', text })
  const lines = [
    ...a.slice(0, start).map(same),
    ...compared(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ]
  const isNear = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1)
      .some(({ mark }) => mark !== ' '),
  )
  return lines
    .flatMap(({ mark, text }, index) => {
      if (isNear[index] === true) return [`${mark}${text}\n`]
      return isNear[index - 1] === true || index === 0 ? [' ...\n'] : []
    })
    .join('')
}
