/**
 * `NAME/runs/G/notes.jsonl`: what the worker of a run has said itself, one JSON line each. Pure.
 *
 * | note      | written by                            | beside `epoch`, `iteration` and `note` |
 * | --------- | ------------------------------------- | -------------------------------------- |
 * | progress  | `lock.sh progress`, an agent's hook   | `for`, and perhaps `retry_at`          |
 * | attention | `lock.sh attention`, an agent's hook  | `attention`                            |
 */
import { type Fields, isCount, isObject, isSeconds, isText } from './checks.ts'

export const ATTENTION_KINDS = ['permission', 'question', 'turn-ended'] as const
export type AttentionKind = (typeof ATTENTION_KINDS)[number]

type Said = {
  /** Unix seconds. */
  readonly epoch: number
  readonly iteration: number
  /** `''`: it said no more than the kind. */
  readonly note: string
  /** An agent's hook wrote it, not a person's script: it says nothing about what the iteration has changed. */
  readonly hook?: true
}

export type ProgressNote = Said & {
  /** No sign of life for so many seconds from `epoch` on is fine; `null`: as usual. */
  readonly for: number | null
  /** Unix seconds; the next iteration begins then, whatever else is set. Left out when nothing is said of it. */
  readonly retry_at?: number
}

/** Somebody has to come. */
export type AttentionNote = Said & { readonly attention: AttentionKind }

export type WorkerNote = ProgressNote | AttentionNote

type WithoutPlace<Note> = Omit<Note, 'epoch' | 'iteration'>
/** What is said; when and in which iteration is added as it is written. */
export type NewNote = WithoutPlace<ProgressNote> | WithoutPlace<AttentionNote>

/** Longer notes are cut: they are shown on one line, and read at every beat. */
export const MAX_NOTE_CHARACTERS = 1000

export const isAttention = (note: WorkerNote): note is AttentionNote => 'attention' in note
export const isProgress = (note: WorkerNote): note is ProgressNote => !isAttention(note)

export const encodeNote = (note: WorkerNote): string =>
  `${JSON.stringify({ ...note, note: [...note.note].slice(0, MAX_NOTE_CHARACTERS).join('') })}\n`

const isProgressPart = (value: Fields): boolean =>
  (value.for === null || isSeconds(value.for)) && (value.retry_at === undefined || isSeconds(value.retry_at))

const isAttentionKind = (value: unknown): boolean => ATTENTION_KINDS.some((kind) => kind === value)

/** Takes one line; `null` when it is no note. */
export const parseNote = (line: string): WorkerNote | null => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (!isObject(value)) return null
  const isNote =
    isSeconds(value.epoch) &&
    isCount(value.iteration) &&
    value.iteration > 0 &&
    isText(value.note) &&
    (value.hook === undefined || value.hook === true) &&
    (value.attention === undefined ? isProgressPart(value) : isAttentionKind(value.attention))
  return isNote ? (value as WorkerNote) : null
}

/** The last of the notes that say when the next iteration begins; `null` when none does. */
export const retryNote = (
  notes: readonly WorkerNote[],
): { readonly at: number; readonly note: string } | null => {
  const last = notes.filter(isProgress).findLast(({ retry_at }) => retry_at !== undefined)
  return last?.retry_at === undefined ? null : { at: last.retry_at, note: last.note }
}
