import { errors } from '../core/errors.ts'

/** Resolves when `signal` is aborted. Stops listening when `finished` is: a run may have a million iterations. */
export const aborted = (signal: AbortSignal, finished: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true, signal: finished })
  })

/** Rejects at once, while the work continues: this process ends, which is as safe as a kill. */
export const abortable = async <T>(work: Promise<T>, giveUp: AbortSignal): Promise<T> => {
  const finished = new AbortController()
  const givenUp = aborted(giveUp, finished.signal).then(() => {
    throw errors.held('interrupted while waiting for the session')
  })
  try {
    return await Promise.race([work, givenUp])
  } finally {
    finished.abort()
  }
}
