import type { LockRecord, Position } from './record.ts'

/** `iteration 3 of 5`, or `iteration 3` when there is no limit. Pure. */
export const nameIteration = ({ number, total }: Pick<Position, 'number' | 'total'>): string =>
  total === null ? `iteration ${number}` : `iteration ${number} of ${total}`

/** What a run is doing: `iteration 3 of 5`, `pausing after iteration 3 of 5`. Pure. */
export const namePhase = ({ phase, iteration }: Pick<LockRecord, 'phase' | 'iteration'>): string => {
  switch (phase) {
    case 'starting':
      return 'starting'
    case 'running':
      return nameIteration(iteration)
    case 'waiting':
      return `pausing after ${nameIteration(iteration)}`
    case 'stopping':
      return `stopping in ${nameIteration(iteration)}`
    case 'ended':
      return `ended in ${nameIteration(iteration)}`
  }
}
