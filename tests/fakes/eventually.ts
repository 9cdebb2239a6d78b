const LIMIT_MS = 60_000
/** On a machine that stands still, or that others keep busy, time passes and nobody has looked. */
const LEAST_LOOKS = 500
const POLL_MS = 10

/** Looks until `check` gives something else than `undefined` or `false`; fails only after a generous limit. */
export const eventually = async <T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => {
  const deadline = performance.now() + LIMIT_MS
  for (let looks = 1; ; looks += 1) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline && looks >= LEAST_LOOKS)
      throw new Error(`waited ${LIMIT_MS} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
