/** Whole numbers in words: `1-7, 9`. Takes them in any order. */
export const formatRanges = (numbers: Iterable<number>): string => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const ranges: [first: number, last: number][] = []
  for (const number of sorted) {
    const range = ranges.at(-1)
    if (range !== undefined && number <= range[1] + 1) range[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ')
}
