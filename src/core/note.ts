/**
 * `NAME/runs/G/notes.jsonl`: what the worker of a run has said with `lock.sh progress`, one JSON line each. Pure.
 */
export type WorkerNote = {
  /** Unix seconds. */
  readonly epoch: number
  readonly iteration: number
  /** `''`: it said only that it makes progress. */
  readonly note: string
  /** No sign of life for so many seconds from `epoch` on is fine; `null`: as usual. */
  readonly for: number | null
  /** Unix seconds; the next iteration begins then, whatever else is set. Left out when nothing is said of it. */
  readonly retry_at?: number
}

/** Longer notes are cut: they are shown on one line, and read at every beat. */
export const MAX_NOTE_CHARACTERS = 1000

export const encodeNote = (note: WorkerNote): string =>
  `${JSON.stringify({ ...note, note: [...note.note].slice(0, MAX_NOTE_CHARACTERS).join('') })}\n`

/** Takes one line; `null` when it is no note. */
export const parseNote = (line: string): WorkerNote | null => {
  let value: Partial<Record<keyof WorkerNote, unknown>> | null
  try {
    value = JSON.parse(line) as typeof value
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const isSeconds = (v: unknown): boolean => typeof v === 'number' && v >= 0 && v < Number.POSITIVE_INFINITY
  const isNote =
    isSeconds(value.epoch) &&
    Number.isSafeInteger(value.iteration) &&
    (value.iteration as number) > 0 &&
    typeof value.note === 'string' &&
    (value.for === null || isSeconds(value.for)) &&
    (value.retry_at === undefined || isSeconds(value.retry_at))
  return isNote ? (value as WorkerNote) : null
}
