import { type Attention, attentionIn } from '../core/attention.ts'
import type { WorkerNote } from '../core/note.ts'
import type { StoredRecord, Verdict } from '../core/verdict.ts'

/**
 * What a session needs a person for.
 *
 * @param notes the last notes of an iteration; asked only of a session that runs one
 */
export const attentionOf = (
  stored: StoredRecord,
  { ownerAlive }: Pick<Verdict, 'ownerAlive'>,
  notes: (generation: number, iteration: number) => readonly WorkerNote[],
): Attention | null => {
  if (stored.kind !== 'record' || ownerAlive !== true) return null
  const { phase, generation, iteration, watch } = stored.record
  if (phase !== 'running') return null
  return attentionIn(notes(generation, iteration.number), watch?.attention_over ?? 0)
}
