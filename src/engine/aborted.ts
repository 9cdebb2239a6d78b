/** Resolves when `signal` is aborted. Stops listening when `finished` is: a run may have a million iterations. */
export const aborted = (signal: AbortSignal, finished: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true, signal: finished })
  })
