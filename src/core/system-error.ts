/** What is in an error that the system has thrown. Pure. */

/** `ENOENT` and its like; `null` for an error of another kind. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? String(error.code) : null

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean => {
  const code = codeOf(error)
  return code !== null && codes.includes(code)
}

/** For a message: the code, or else the whole error. */
export const shortReason = (error: unknown): string => codeOf(error) ?? String(error)

/** What an error says, without its kind. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** For whoever looks for a defect: the stack of an error, and of what it was made of. */
export const traceOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${traceOf(error.cause)}`
  return `${error.stack ?? String(error)}${cause}`
}
