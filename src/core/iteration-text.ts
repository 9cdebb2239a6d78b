import type { Position } from './record.ts'

/** `iteration 3 of 5`, or `iteration 3` when there is no limit. Pure. */
export const nameIteration = ({ number, total }: Pick<Position, 'number' | 'total'>): string =>
  total === null ? `iteration ${number}` : `iteration ${number} of ${total}`
