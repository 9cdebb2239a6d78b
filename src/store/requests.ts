/**
 * `NAME/request.json`: what somebody asks of the owner, which reads it when it gets SIGUSR2, SIGTERM, or ends an
 * iteration. It names the generation it is meant for, so that a late request never hits the next run; and one that
 * is to end an iteration names that too, so that it never hits the next iteration.
 */
import { closeSync, lstatSync, readSync, renameSync, unlinkSync } from 'node:fs'
import { errors } from '../core/errors.ts'
import { openFile } from './open-file.ts'
import type { SessionPaths } from './paths.ts'
import { replaceFile } from './replace-file.ts'

/** Of a whole run. */
export const REQUESTS = ['stop', 'stop-after-iteration', 'supersede'] as const
export type RunRequestKind = (typeof REQUESTS)[number]
export type RequestKind = RunRequestKind | 'interrupt-iteration'

type Content =
  | { readonly request: RunRequestKind; readonly generation: number }
  | { readonly request: 'interrupt-iteration'; readonly generation: number; readonly iteration: number }

const put = (paths: SessionPaths, content: Content): void => {
  try {
    // Nothing else belongs there; a directory could not be replaced.
    if (lstatSync(paths.request, { throwIfNoEntry: false })?.isDirectory())
      renameSync(paths.request, `${paths.request}.aside-${process.pid}`)
    replaceFile(paths.request, `${JSON.stringify(content)}\n`, false)
  } catch (error) {
    throw errors.io('the request to the owner could not be written', error)
  }
}

/** @throws LockError `io` */
export const writeRequest = (paths: SessionPaths, kind: RunRequestKind, generation: number): void =>
  put(paths, { request: kind, generation })

/** Asks that one iteration be ended and the run go on. @throws LockError `io` */
export const writeInterrupt = (paths: SessionPaths, generation: number, iteration: number): void =>
  put(paths, { request: 'interrupt-iteration', generation, iteration })

/** No request is longer. */
const MAX_BYTES = 4096

const readText = (path: string): string => {
  const opened = openFile(path)
  if (opened.kind !== 'file') return ''
  try {
    const buffer = Buffer.alloc(MAX_BYTES)
    return buffer.toString('utf8', 0, readSync(opened.fd, buffer))
  } finally {
    closeSync(opened.fd)
  }
}

/**
 * `null` when there is none for this generation, or it cannot be read: a request may be missed.
 *
 * @param iteration the one that runs; without it no `interrupt-iteration` is seen
 */
export const readRequest = (
  paths: SessionPaths,
  generation: number,
  iteration?: number,
): RequestKind | null => {
  try {
    const text = readText(paths.request)
    if (text === '') return null
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const content = value as { [Key in 'request' | 'generation' | 'iteration']?: unknown }
    if (content.generation !== generation) return null
    if (content.request === 'interrupt-iteration')
      return iteration !== undefined && content.iteration === iteration ? 'interrupt-iteration' : null
    return REQUESTS.find((kind) => kind === content.request) ?? null
  } catch {
    return null
  }
}

export const clearRequest = (paths: SessionPaths): void => {
  try {
    unlinkSync(paths.request)
  } catch {
    // None there, or something else than a request, which readRequest does not take for one.
  }
}
