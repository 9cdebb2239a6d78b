/** "Did you mean": the nearest of the words that are known. Pure. */

/** Levenshtein's: letters to insert, delete or replace. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** A third of its letters may be wrong: two that change places count as two. */
const mayBe = (word: string, candidate: string): boolean =>
  editDistance(word, candidate) <= Math.max(1, Math.floor(candidate.length / 3))

/** @returns `undefined` when none is near enough to be what was meant */
export const nearest = (word: string, candidates: readonly string[]): string | undefined =>
  candidates.find((candidate) => word !== '' && (candidate.startsWith(word) || word.startsWith(candidate))) ??
  candidates
    .filter((candidate) => mayBe(word, candidate))
    .sort((a, b) => editDistance(word, a) - editDistance(word, b))[0]
