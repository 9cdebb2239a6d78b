/** Checks of values that come from outside, as out of a record. They never throw. */

export type Fields = Readonly<Record<string, unknown>>

export const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v)
export const isText = (v: unknown): v is string => typeof v === 'string'
export const isFilled = (v: unknown): v is string => typeof v === 'string' && v !== ''
export const isSeconds = (v: unknown): v is number =>
  typeof v === 'number' && v >= 0 && v < Number.POSITIVE_INFINITY
export const isPositive = (v: unknown): v is number => isSeconds(v) && v !== 0
/** Counts stay exact when they grow: nobody comes near this by counting. */
const MAX_COUNT = 1e15
export const isCount = (v: unknown): v is number =>
  Number.isInteger(v) && (v as number) >= 0 && (v as number) < MAX_COUNT
export const isNatural = (v: unknown): v is number => isCount(v) && v !== 0
