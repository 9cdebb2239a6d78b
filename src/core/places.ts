/**
 * Places: how many sessions of a lock directory, or of a group of them, run at once. Pure.
 *
 * A place is a kernel lock on `.places/GROUP.N.lock`, which its run holds for life (session/place-locks.ts).
 */
import type { Config } from './config.ts'
import { COUNT_OR_INF } from './option-kinds.ts'

/** `group` is `null` for all sessions of the lock directory. */
export type Place = { readonly group: string | null; readonly number: number }

/** What bounds a run. */
export type Limit = {
  readonly group: string | null
  readonly max: number
  /** Who says so: the path of a file, or the name of a variable. */
  readonly source: string
}

export const MAX_SESSIONS_VARIABLE = 'LOCK_MAX_SESSIONS'

/** The name of no group: those begin with a letter or a digit. */
const ALL = '_all'

/** In names of files. */
export const groupName = (group: string | null): string => group ?? ALL

export const placeFile = ({ group, number }: Place): string => `${groupName(group)}.${number}.lock`

/** The number of a place of this group; `null` for any other file. */
export const placeNumber = (group: string | null, file: string): number | null => {
  const [, name, number] = /^(.+)\.([1-9]\d{0,14})\.lock$/.exec(file) ?? []
  return name === groupName(group) ? Number(number) : null
}

/** `max_sessions is 2 (/work/engine.yaml)`. */
export const describeLimit = ({ group, max, source }: Limit): string =>
  source === MAX_SESSIONS_VARIABLE
    ? `${source} is ${max}`
    : `max_sessions${group === null ? '' : ` of group ${group}`} is ${max} (${source})`

/**
 * What holds for a run of this session. The variable wins over the file; `inf` takes the file's limit away.
 *
 * @throws LockError `usage` for a variable that is no count
 */
export const limitsOf = (
  config: Config | null,
  session: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly Limit[] => {
  const limits: Limit[] = []
  const group = config?.sessions.get(session)?.group ?? null
  const ofGroup = group === null ? null : (config?.groups.get(group) ?? null)
  if (ofGroup !== null) limits.push({ group, max: ofGroup, source: config?.path ?? '' })
  const text = env[MAX_SESSIONS_VARIABLE]
  if (text !== undefined && text !== '') {
    const max = COUNT_OR_INF.parse([text], MAX_SESSIONS_VARIABLE)
    if (max !== null) limits.push({ group: null, max, source: MAX_SESSIONS_VARIABLE })
  } else if (config !== null && config.maxSessions !== null) {
    limits.push({ group: null, max: config.maxSessions, source: config.path })
  }
  return limits
}
