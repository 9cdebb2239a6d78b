/**
 * The run that a hook is in, read as far as a hook needs it: agents start hooks at every tool, and to check a whole record
 * takes longer than all the rest. session/own-note.ts is the same for people, with reasons.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type Attention, attentionIn } from '../core/attention.ts'
import { isObject } from '../core/checks.ts'
import type { NewNote } from '../core/note.ts'
import { isSessionName } from '../core/session-name.ts'
import { appendNote, recentNotes } from '../store/notes.ts'
import { READ_FLAGS } from '../store/open-file.ts'
import { sessionPaths } from '../store/paths.ts'

type Env = Readonly<Record<string, string | undefined>>

const MAX_RECORD_BYTES = 4 * 1024 ** 2

const readJson = (path: string): unknown => {
  const fd = openSync(path, READ_FLAGS)
  try {
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, MAX_RECORD_BYTES))
    return JSON.parse(buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0)))
  } finally {
    closeSync(fd)
  }
}

const FORMAT = 1

const overEpoch = (watch: unknown): number =>
  isObject(watch) && typeof watch.attention_over === 'number' ? watch.attention_over : 0

/**
 * Leaves a note, when the run that the environment names is the one in the record, and goes on.
 *
 * @param say given what waits for a person already; `null` for nothing
 * @throws what reading and writing throw
 */
export const noteInRun = (env: Env, say: (open: Attention | null) => NewNote | null): void => {
  const { LOCK_DIR: dir, LOCK_SESSION: session = '', LOCK_COOKIE: cookie } = env
  const [generation, iteration] = [Number(env.LOCK_GENERATION), Number(env.LOCK_ITERATION)]
  if (!dir || !cookie || !isSessionName(session) || !(generation > 0) || !(iteration > 0)) return
  const paths = sessionPaths(dir, session)
  const record = readJson(paths.record)
  if (!isObject(record) || record.format !== FORMAT || record.ended !== null) return
  if (record.generation !== generation || record.cookie !== cookie) return
  const said = say(attentionIn(recentNotes(paths, generation, iteration), overEpoch(record.watch)))
  if (said !== null) appendNote(paths, generation, { epoch: Date.now() / 1000, iteration, ...said })
}
