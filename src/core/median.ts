/** Of an even number the larger of the two in the middle; `null` of none. */
export const median = (values: readonly number[]): number | null =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null
