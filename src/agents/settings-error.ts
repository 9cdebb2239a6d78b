import { errors, type LockError } from '../core/errors.ts'

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** Nothing is changed when this is thrown. */
export const settingsError = (path: string, text: string, offset: number, what: string): LockError =>
  errors.badSettings(`${path}:${lineOf(text, offset)}: ${what}`)
