/** What a run needs a person for, as its worker has said it. Pure. */
import { formatDuration } from './duration.ts'
import type { EventEntry } from './history.ts'
import { type AttentionKind, type AttentionNote, isAttention, isProgress, type WorkerNote } from './note.ts'

export type Attention = {
  readonly kind: AttentionKind
  readonly text: string
  /** Unix seconds. */
  readonly since_epoch: number
}

/** A turn that has ended stays so, whatever is said of it later. */
const isSame = (a: AttentionNote, b: AttentionNote): boolean =>
  a.attention === b.attention && (a.attention === 'turn-ended' || a.note === b.note)

/**
 * The last that was asked, since it was first asked. A progress note ends it.
 *
 * @param notes of one iteration, in order
 * @param overEpoch Unix seconds; what was asked until then is over
 */
export const attentionIn = (notes: readonly WorkerNote[], overEpoch: number): Attention | null => {
  if (notes.length === 0) return null
  const asked = notes
    .slice(notes.findLastIndex(isProgress) + 1)
    .filter(isAttention)
    .filter(({ epoch }) => epoch > overEpoch)
  const last = asked.at(-1)
  if (last === undefined) return null
  const first = asked[asked.findLastIndex((note) => !isSame(note, last)) + 1] ?? last
  return { kind: last.attention, text: last.note, since_epoch: first.epoch }
}

const KIND_WORDS: Readonly<Record<AttentionKind, string>> = {
  permission: 'permission',
  question: 'question',
  'turn-ended': 'its turn has ended',
}

const what = ({ kind, text }: Pick<Attention, 'kind' | 'text'>): string =>
  text === '' ? KIND_WORDS[kind] : `${KIND_WORDS[kind]}: ${text}`

/** `needs you: permission: Bash rm -rf build, for 3m` */
export const describeAttention = (attention: Attention, nowEpoch: number): string =>
  `needs you: ${what(attention)}, for ${formatDuration(Math.max(0, nowEpoch - attention.since_epoch))}`

/** How it stands in the history. */
export const attentionEvent = (attention: Attention): Pick<EventEntry, 'event' | 'detail'> =>
  attention.kind === 'turn-ended'
    ? { event: 'turn-ended', detail: attention.text || null }
    : { event: 'needs-input', detail: what(attention) }
