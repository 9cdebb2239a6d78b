const LIMIT_MS = 60_000
const POLL_MS = 10

/** Looks until `check` gives something else than `undefined` or `false`; fails only after a generous limit. */
export const eventually = async <T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${LIMIT_MS} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
