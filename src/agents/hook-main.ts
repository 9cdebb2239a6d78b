/**
 * dist/hook.js: `lock.sh hook AGENT`, a program of its own because agents start it at every tool.
 *
 * It ends with 0 and says nothing, whatever is wrong: what goes wrong here is not the agent's business.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { hasCode } from '../core/system-error.ts'
import { handleEvent } from './hook.ts'

/** An event is there at once; an agent that keeps its end open is not waited for. */
const MAX_WAIT_MS = 2000
const PAUSE_MS = 2
/** What comes beyond it is read, so that the agent can write it, and not kept. */
const MAX_BYTES = 8 * 1024 ** 2

const words = process.argv.slice(2)
const chunks: Buffer[] = []
let bytes = 0

const keep = (chunk: Buffer): void => {
  bytes += chunk.length
  if (bytes <= MAX_BYTES) chunks.push(chunk)
}

const finish = (): void => {
  try {
    handleEvent(process.env, words, Buffer.concat(chunks).toString('utf8'))
  } finally {
    process.exit(0)
  }
}

process.on('uncaughtException', () => process.exit(0))

/** @returns false at the end of the input */
const readSome = (fd: number, buffer: Buffer): boolean => {
  try {
    const length = readSync(fd, buffer, 0, buffer.length, null)
    keep(Buffer.from(buffer.subarray(0, length)))
    return length > 0
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    return true
  }
}

/** Through a description of its own, which does not block: process.stdin would take a fifth of the whole start. */
const readPipe = (): void => {
  const fd = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(64 * 1024)
  const deadline = Date.now() + MAX_WAIT_MS
  while (Date.now() < deadline && readSome(fd, buffer));
  closeSync(fd)
}

const readStream = (): void => {
  setTimeout(finish, MAX_WAIT_MS)
  process.stdin.on('data', keep).on('end', finish).on('error', finish)
}

/** @returns whether all of it is there; else {@link readStream} has to wait for it */
const readAtOnce = (): boolean => {
  if (words[1]?.startsWith('{') === true) return true
  const stats = fstatSync(0)
  if (stats.isFile()) keep(readFileSync(0))
  else if (stats.isFIFO() && process.platform === 'linux') readPipe()
  else return !stats.isFIFO() && !stats.isSocket()
  return true
}

if (readAtOnce()) finish()
else readStream()
