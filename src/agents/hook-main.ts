/**
 * dist/hook.js: `lock.sh hook AGENT`, a program of its own because agents start it at every tool.
 *
 * It ends with 0 and says nothing, whatever is wrong: what goes wrong here is not the agent's business.
 */
import { fstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../process/clock.ts'
import { lockDirOf, sessionPaths } from '../store/paths.ts'
import { handleEvent } from './hook.ts'

/** An event is there at once; an agent that keeps its end open is not waited for. */
const MAX_WAIT_MS = 2000
/** What comes beyond it is read, so that the agent can write it, and not kept. */
const MAX_BYTES = 8 * 1024 ** 2

const words = process.argv.slice(2)
const chunks: Buffer[] = []
let bytes = 0

const finish = (): void => {
  try {
    const lockDir = resolve(lockDirOf(process.env, homedir()))
    const world = {
      env: process.env,
      lockDir,
      clock: systemClock,
      paths: (session: string) => sessionPaths(lockDir, session),
    }
    handleEvent(world, words, Buffer.concat(chunks).toString('utf8'))
  } finally {
    process.exit(0)
  }
}

process.on('uncaughtException', () => process.exit(0))

const hasInput = (): boolean => {
  const stats = fstatSync(0)
  return stats.isFIFO() || stats.isSocket() || stats.isFile()
}

if (words[1]?.startsWith('{') === true || !hasInput()) finish()
setTimeout(finish, MAX_WAIT_MS)
process.stdin
  .on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_BYTES) chunks.push(chunk)
  })
  .on('end', finish)
  .on('error', finish)
