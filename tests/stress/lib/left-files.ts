import { readdirSync } from 'node:fs'

/** What a session leaves in the lock directory, for as long as it is not forgotten. `.waiting` is there since somebody waited. */
const ownFiles = (session: string): readonly string[] => [
  `${session}.json`,
  `${session}.lock`,
  session,
  '.waiting',
]

/** @returns the names in a lock directory that are of no such session */
export const strangersIn = (lockDir: string, session: string): readonly string[] =>
  readdirSync(lockDir).filter((file) => !ownFiles(session).includes(file))
