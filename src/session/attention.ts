import { type Attention, attentionIn } from '../core/attention.ts'
import type { StoredRecord, Verdict } from '../core/verdict.ts'
import { recentNotes } from '../store/notes.ts'
import type { SessionPaths } from '../store/paths.ts'

/** What a session needs a person for. Reads the end of one file, and only of a session that runs an iteration. */
export const attentionOf = (
  paths: SessionPaths,
  stored: StoredRecord,
  { ownerAlive }: Pick<Verdict, 'ownerAlive'>,
): Attention | null => {
  if (stored.kind !== 'record' || ownerAlive !== true) return null
  const { phase, generation, iteration, watch } = stored.record
  if (phase !== 'running') return null
  return attentionIn(recentNotes(paths, generation, iteration.number), watch?.attention_over ?? 0)
}
