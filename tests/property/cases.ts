/**
 * How many cases a property is tried with: some in `npm test`, and as many as `PROPERTY_CASES` says when it is set
 * (`npm run properties`: 100,000).
 */
const WANTED = Number(process.env.PROPERTY_CASES ?? 0)

export const cases = (few: number): { readonly numRuns: number } => ({ numRuns: Math.max(few, WANTED) })

/** So many take longer than a test may. */
export const limitless: { readonly testTimeout: number } | Record<string, never> =
  WANTED > 0 ? { testTimeout: 0 } : {}
