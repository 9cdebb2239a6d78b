import { errors } from './errors.ts'
import { printable } from './printable.ts'

const SESSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

export const isSessionName = (text: string): boolean => SESSION_NAME.test(text)

/** @throws LockError `usage` with the rule, when the text is not a session name. */
export const checkSessionName = (text: string): string => {
  if (!isSessionName(text)) throw errors.badSessionName(JSON.stringify(printable(text.slice(0, 80))))
  return text
}
