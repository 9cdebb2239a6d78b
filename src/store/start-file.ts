/**
 * What a detached run is started with: its words, its caller's environment and file mode mask, in a private file that the
 * engine in the pane reads and removes. A command line would show both to everybody, and is too short for some.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject } from '../core/checks.ts'
import { errors } from '../core/errors.ts'
import { makeOwnDir } from './lock-dir.ts'
import type { SessionPaths } from './paths.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Start = {
  /** The engine's, from the verb on. */
  readonly words: readonly string[]
  readonly env: Environment
  readonly umask: number
  /** Signals that stay ignored, as LOCK_IGNORED_SIGNALS has them. */
  readonly ignored: string
}

/** @returns the file's path @throws LockError `io` */
export const writeStart = (paths: SessionPaths, start: Start): string => {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  const path = join(paths.home, `start-${randomBytes(6).toString('hex')}.json`)
  makeOwnDir(paths.home)
  try {
    writeFileSync(path, JSON.stringify(start), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw errors.io(`the start of the run cannot be written to ${path}`, error)
  }
  return path
}

/** When the engine has not taken it, because it never came to be. */
export const removeStart = (path: string): void => rmSync(path, { force: true })

/** Reads the file and removes it. @throws LockError `io`, or `usage` when it is none */
export const takeStart = (path: string): Start => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
    rmSync(path)
  } catch (error) {
    throw errors.io(`the start of the run cannot be read from ${path}`, error)
  }
  const value: unknown = JSON.parse(text)
  if (!isObject(value) || !Array.isArray(value.words) || !isObject(value.env))
    throw errors.usage(`${path} is not what a detached run is started with`)
  return value as Start
}
